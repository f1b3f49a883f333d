import type { TipsetKey } from "@copse/types";

/** A block known to be on the chain, from the release or from F3: plain data. */
export interface Pin {
  readonly height: number;
  /** Binary CID of one block of the tipset. */
  readonly block: Uint8Array;
}

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
  /** Most blocks of a tipset; 15 unless told. */
  readonly maxBlocks?: number;
  /**
   * How far log2 of power may move between neighbouring tipsets; 8 unless told. Power of a young network may grow by
   * jumps, so this only refuses nonsense: weights are cheap to forge either way.
   */
  readonly maxPowerStep?: number;
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
  /** log2 of power inferred for the child itself; -1 where it is not known. */
  readonly log2Power: number;
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
  /** log2 of power, solved from the child's weight; -1 where no child is known. */
  readonly log2Power: number;
  /** In canonical order. */
  readonly headers: readonly Uint8Array[];
  /** The row the store keeps, where it is made already (`packRun`). */
  readonly row?: Uint8Array;
}
