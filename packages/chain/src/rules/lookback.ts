const shallow = 10;
const deep = 900;
const deepFrom = 4;

/**
 * How many epochs below a block its power is looked up.
 *
 * @param networkVersion - of the block's epoch
 * @see lotus:chain/actors/policy/policy.go GetWinningPoStSectorSetLookback
 * @example
 * lookbackDepth(28) // => 900
 */
export function lookbackDepth(networkVersion: number): number {
  return networkVersion < deepFrom ? shallow : deep;
}

/** Where a leader's power and key are read. */
export type Lookback =
  /** State computed from the parents themselves: what a child of them names as parent state. */
  | { readonly kind: "base" }
  /** Nowhere: so many null rounds lie above the parents that no block may stand there. */
  | { readonly kind: "none" }
  /**
   * `next` is the first tipset at or above this height on the parents' chain: the state is its parent state, the
   * lookback tipset its parents.
   */
  | { readonly kind: "below"; readonly next: number };

/**
 * The place of the lookback state of a block. Where the lookback would lie at or above the parents, it is theirs up to
 * network version 3 and above genesis; since version 4 there is none, and the block is invalid.
 *
 * @param height - the block's
 * @param baseHeight - its parents'
 * @see lotus:chain/stmgr/utils.go GetLookbackTipSetForRound
 * @example
 * lookbackFor(1000, 999, 28) // => { kind: "below", next: 101 }
 */
export function lookbackFor(height: number, baseHeight: number, networkVersion: number): Lookback {
  const round = Math.max(0, height - lookbackDepth(networkVersion));
  if (round < baseHeight) return { kind: "below", next: round + 1 };
  return { kind: networkVersion < deepFrom || baseHeight === 0 ? "base" : "none" };
}
