import type { CidBytes } from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";
import type { Blockstore } from "interface-blockstore";

/** A block as stores take it: its binary CID and its bytes. Both are read until the call returns, or resolves, and not kept. */
export type BlockEntry = readonly [cid: CidBytes, bytes: Uint8Array];

/** The longest binary CID a store takes. Chain CIDs have 38 B; identity CIDs carry their data. */
export const maxCidBytes: number = 1024;

/**
 * Blocks by CID, with two faces: the asynchronous one of interface-blockstore 7, keyed by `CID` of multiformats, for
 * users and Helia; and a synchronous one keyed by the canonical CID bytes, for trees and the vm.
 *
 * A block is found by its whole CID, codec included. Stores do not check hashes: whoever brings a block in does.
 * Putting a block that is there changes nothing, so the first bytes stay.
 *
 * @example
 * const store = createMemoryBlockstore();
 * store.putSync(cid, bytes);
 * store.getSync(cid) // => bytes
 */
export interface Store extends Blockstore {
  /** The block's bytes, or `undefined`. The bytes belong to the caller, who must not change them: they may be shared. */
  getSync(cid: CidBytes): Uint8Array | undefined;
  /** Whether the block is there. */
  hasSync(cid: CidBytes): boolean;
  /** Stores a block; in a durable store it is on disk when this returns. Prefer {@link putManySync} for more than one. */
  putSync(cid: CidBytes, bytes: Uint8Array): void;
  /** Stores blocks, all or none. */
  putManySync(entries: Iterable<BlockEntry>): void;
  /** Removes a block; does nothing where it is absent. */
  deleteSync(cid: CidBytes): void;
  /** {@link getSync} for callers that may wait: same bytes, same `undefined`. */
  getBytes(cid: CidBytes, options?: AbortOptions): Promise<Uint8Array | undefined>;
}

/** What each store implements; {@link storeOf} adds the CID face. */
export interface BlockTable {
  getSync(cid: CidBytes): Uint8Array | undefined;
  hasSync(cid: CidBytes): boolean;
  putManySync(entries: Iterable<BlockEntry>): void;
  /** Stores blocks without holding up the thread for the disk; durable on resolve. */
  putMany(entries: Iterable<BlockEntry>): Promise<void>;
  deleteManySync(cids: Iterable<CidBytes>): void;
  /** Every block; what changes meanwhile may or may not be seen. */
  entries(): Iterable<BlockEntry>;
}
