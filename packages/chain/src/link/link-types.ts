import type { TipsetKey } from "@copse/types";

/** A block known to be on the chain, from the release or from F3: plain data. */
export interface Pin {
  readonly height: number;
  /** Binary CID of one block of the tipset. */
  readonly block: Uint8Array;
}

/**
 * Most blocks of a tipset. The reference has no such limit: one of mainnet has had 17, and an epoch is won as often as chance
 * has it.
 *
 * @see lotus chain/types/tipset.go `NewTipSet`
 */
export const maxTipsetBlocks = 255;

/** What linking knows of a network: plain data, for it goes to workers. */
export interface LinkRules {
  /** Binary CID of the genesis block. */
  readonly genesis: Uint8Array;
  /** Unit: seconds since 1970. */
  readonly genesisTime: number;
  /** Unit: seconds. */
  readonly blockDelay: number;
  /** Blocks known to be on the chain, in any order. */
  readonly pins?: readonly Pin[];
}

/** The tipset a walk wants next: its key and what its child, if known, says of it. */
export interface LinkTarget {
  readonly key: TipsetKey;
  /** The child's, where there is one: heights and weights are judged against it. */
  readonly child?: LinkChild | undefined;
}

/** A verified child of the tipset that is wanted. */
export interface LinkChild {
  readonly height: number;
  readonly parentWeight: bigint;
}

/** A tipset whose bytes, order, height, time and weight hold; `headers` are the bytes that were handed in. */
export interface LinkedTipset {
  readonly key: TipsetKey;
  readonly parents: TipsetKey;
  readonly height: number;
  readonly timestamp: number;
  readonly parentWeight: bigint;
  /** Sum over the blocks. */
  readonly winCount: number;
  /** log2 of power, solved from the weight that the child claims; -1 where no child is known. */
  readonly log2Power: number;
  /** In canonical order. */
  readonly headers: readonly Uint8Array[];
  /** The row the store keeps, where it is made already (`packRun`). */
  readonly row?: Uint8Array;
}
