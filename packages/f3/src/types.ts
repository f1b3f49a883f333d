import type { TipsetKey } from "@copse/types";
import type { CID } from "multiformats/cid";

/**
 * A tipset as certificates name it.
 *
 * Shape: CBOR array(4) of epoch, key, power table, commitments.
 *
 * @see go-f3:gpbft/chain.go TipSet
 */
export interface F3Tipset {
  readonly epoch: number;
  /** Bound: 1 to 20 CIDs of 38 B. */
  readonly key: TipsetKey;
  /** CID of the power table computed from this tipset's parent state. */
  readonly powerTable: CID;
  /** 32 B, all zero today. */
  readonly commitments: Uint8Array;
}

/** What is signed beside the chain. Shape: CBOR array(2). */
export interface SupplementalData {
  /** 32 B, all zero today. */
  readonly commitments: Uint8Array;
  /** CID of the power table that validates the next instance. */
  readonly powerTable: CID;
}

/** A member of a committee. Shape: CBOR array(3). */
export interface PowerEntry {
  /** Actor id of the miner. */
  readonly id: bigint;
  /** Quality-adjusted power in bytes; positive in a valid table. */
  readonly power: bigint;
  /** BLS key of the miner's worker: 48 B, a compressed point of G1. */
  readonly publicKey: Uint8Array;
}

/** How one member changes from one table to the next. Shape: CBOR array(3). */
export interface PowerTableDelta {
  readonly id: bigint;
  /** Signed. */
  readonly powerDelta: bigint;
  /** The new key, or 0 B where it stays. */
  readonly signingKey: Uint8Array;
}

/**
 * Proof that the members of one instance's power table finalized a chain of tipsets.
 *
 * Shape: CBOR array(6), fields in this order.
 *
 * @see go-f3:certs/certs.go FinalityCertificate
 */
export interface FinalityCertificate {
  /** Below 2^53. */
  readonly instance: number;
  /** The last tipset finalized before first, then the new ones; 1 to 128 in a valid certificate. */
  readonly chain: readonly F3Tipset[];
  readonly supplementalData: SupplementalData;
  /** RLE+ bytes as on the wire: indexes into the power table. At most 32 KiB. */
  readonly signers: Uint8Array;
  /** 96 B in a valid certificate: a compressed point of G2. */
  readonly signature: Uint8Array;
  /** Ascending by id. */
  readonly powerTableDelta: readonly PowerTableDelta[];
}

/** A committee: its members in the order that signers are counted in. Make one with `createPowerTable`. */
export interface PowerTable {
  /** By power descending, then id ascending. */
  readonly entries: readonly PowerEntry[];
  /** CID of the entries' CBOR. */
  readonly cid: CID;
}

/** Where a verifier stands: all that it must remember. */
export interface F3Position {
  /** The instance of the next certificate. */
  readonly nextInstance: number;
  /** The table that validates it. */
  readonly powerTable: PowerTable;
  /** The last finalized tipset, which the next chain must start with; `undefined` only at a trust root that knows none. */
  readonly base: F3Tipset | undefined;
  /**
   * CIDs of the tables that will be due, as heads of past certificates name them: the first for the instance after
   * `nextInstance`, one an instance, as many as the network's committee lookback less one. `undefined` in it where a head
   * is not known; absent where none is to be checked.
   */
  readonly upcoming?: readonly (CID | undefined)[];
}
