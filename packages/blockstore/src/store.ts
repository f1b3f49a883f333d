import type { AsyncBlockReader, CidBytes, SyncBlockReader } from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";
import type { Blockstore } from "interface-blockstore";

/** A block as stores take it: its binary CID and its bytes. Both are read until the call returns, or resolves, and not kept. */
export type BlockEntry = readonly [cid: CidBytes, bytes: Uint8Array];

/** The longest binary CID a store takes. Chain CIDs have 38 B; identity CIDs carry their data. */
export const maxCidBytes: number = 1024;

/**
 * Reading by CID bytes, from what answers later: a file, IndexedDB, a peer. The least that {@link asyncReadOnlyStoreOf}
 * makes a store of.
 */
export interface AsyncBlockSource extends AsyncBlockReader {
  /** Whether the block is there. */
  hasBytes(cid: CidBytes, options?: AbortOptions): Promise<boolean>;
  /** Many blocks at once, in the order of the CIDs; where this is absent they are asked for one by one, side by side. */
  getManyBytes?(cids: readonly CidBytes[], options?: AbortOptions): Promise<(Uint8Array | undefined)[]>;
  /** Every block, in any order; absent where a store cannot know what it holds. */
  entries?(options?: AbortOptions): AsyncIterable<BlockEntry>;
}

/** Reading and writing by CID bytes: the least that {@link asyncStoreOf} makes a store of. */
export interface AsyncBlockTable extends AsyncBlockSource {
  putManyBytes(entries: Iterable<BlockEntry>, options?: AbortOptions): Promise<void>;
  deleteManyBytes(cids: Iterable<CidBytes>, options?: AbortOptions): Promise<void>;
}

/**
 * Blocks by CID, from a store that may answer only later. Two faces: that of interface-blockstore 7, keyed by `CID` of
 * multiformats, for users and Helia; and one keyed by the canonical CID bytes, without generators, for trees and walks.
 *
 * A block is found by its whole CID, codec included. Stores do not check hashes: whoever brings a block in does. Putting
 * a block that is there may keep the old bytes or take the new: under one CID they are the same.
 *
 * A store for reading only is an `AsyncStore` too: what would change it fails with `blockstore/read-only`.
 *
 * @example
 * await store.putManyBytes([[cid, bytes]]);
 * await store.getBytes(cid) // => bytes
 */
export interface AsyncStore extends Blockstore, AsyncBlockTable {
  /** The block's bytes, or `undefined`. The bytes belong to the caller, who must not change them: they may be shared. */
  getBytes(cid: CidBytes, options?: AbortOptions): Promise<Uint8Array | undefined>;
  /** As {@link getBytes}, for many blocks at once: one answer each, in the order of the CIDs. */
  getManyBytes(cids: readonly CidBytes[], options?: AbortOptions): Promise<(Uint8Array | undefined)[]>;
  /** Whether the block is there. */
  hasBytes(cid: CidBytes, options?: AbortOptions): Promise<boolean>;
  /**
   * Stores blocks, of which a refused one (a CID too long) leaves none. As durable as the store is when it resolves.
   *
   * @throws {BlockstoreError} `blockstore/read-only`, `blockstore/cid-too-long`
   * @throws {HostFault} `host/store-failed`, `host/aborted`
   */
  putManyBytes(entries: Iterable<BlockEntry>, options?: AbortOptions): Promise<void>;
  /** Removes blocks; those that are absent are passed over. @throws {BlockstoreError} `blockstore/read-only` */
  deleteManyBytes(cids: Iterable<CidBytes>, options?: AbortOptions): Promise<void>;
  /**
   * Every block, in any order; what changes meanwhile may or may not be seen.
   *
   * @throws {BlockstoreError} `blockstore/unlisted` where a store cannot know what it holds
   */
  entries(options?: AbortOptions): AsyncIterable<BlockEntry>;
}

/** Answers at once, for reading: what trees and the vm need. Some stores that write only later have it too. */
export interface SyncReads extends SyncBlockReader {
  /** The block's bytes, or `undefined`. The bytes belong to the caller, who must not change them: they may be shared. */
  getSync(cid: CidBytes): Uint8Array | undefined;
  /** Whether the block is there. */
  hasSync(cid: CidBytes): boolean;
}

/** Reading at once by CID bytes: the least that {@link readOnlyStoreOf} makes a store of. Asynchronous forms are optional. */
export interface BlockSource extends SyncReads, Partial<AsyncBlockSource> {
  /** Every block, in any order; absent where a store cannot know what it holds. */
  entriesSync?(): Iterable<BlockEntry>;
}

/**
 * Reading and writing at once by CID bytes: the least that {@link storeOf} makes a store of. An engine that has better
 * asynchronous forms (reads off the thread, writes that do not hold it up) gives those as well.
 */
export interface BlockTable extends BlockSource, Partial<AsyncBlockTable> {
  putManySync(entries: Iterable<BlockEntry>): void;
  deleteManySync(cids: Iterable<CidBytes>): void;
}

/**
 * An {@link AsyncStore} that also answers at once, by CID bytes, for trees and the vm.
 *
 * @example
 * const store = createMemoryBlockstore();
 * store.putSync(cid, bytes);
 * store.getSync(cid) // => bytes
 */
export interface Store extends AsyncStore, SyncReads {
  /** Stores a block; in a durable store it is on disk when this returns. Prefer {@link putManySync} for more than one. */
  putSync(cid: CidBytes, bytes: Uint8Array): void;
  /** Stores blocks, of which a refused one leaves none. */
  putManySync(entries: Iterable<BlockEntry>): void;
  /** Removes a block; does nothing where it is absent. */
  deleteSync(cid: CidBytes): void;
  /** Removes blocks; those that are absent are passed over. */
  deleteManySync(cids: Iterable<CidBytes>): void;
  /** Every block, in any order; what changes meanwhile may or may not be seen. @throws {BlockstoreError} `blockstore/unlisted` */
  entriesSync(): Iterable<BlockEntry>;
}

/** What holds something open: files, a database. */
export interface Closable {
  /** Resolves when all that was stored is on disk. @throws {HostFault} `host/store-failed` */
  flush(): Promise<void>;
  /** Flushes and releases the store; afterwards every use throws `host/store-failed`. Closing twice is allowed. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
