import type { AbortOptions } from "@copse/primitives";
import type { AsyncStore, BlockEntry, Closable, Store } from "./store.ts";

/** One change of an ordered table: `value` absent deletes the key. */
export interface RowOp {
  readonly table: string;
  readonly key: Uint8Array;
  readonly value?: Uint8Array | undefined;
}

/** A part of a table: from `gte` to before `lt`, at most `limit` rows, from the low end unless `reverse`. */
export interface RowRange {
  readonly gte?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** A row as a range yields it. The arrays belong to the caller, who must not change them: they may be shared. */
export type Row = readonly [key: Uint8Array, value: Uint8Array];

/**
 * Reads an ordered table of bytes that may answer only later. Order: by byte, a prefix first. Rows change only by
 * {@link AsyncDatabase.commit}.
 *
 * @example
 * for await (const [key, value] of database.rows("heights").readRange({ reverse: true, limit: 1 })) use(key, value);
 */
export interface AsyncRows {
  /** The value under `key`, or `undefined`. */
  read(key: Uint8Array, options?: AbortOptions): Promise<Uint8Array | undefined>;
  /** Rows in order. What is committed during the loop may or may not be seen; order holds and no row comes twice. */
  readRange(range?: RowRange, options?: AbortOptions): AsyncIterable<Row>;
}

/**
 * Reads an ordered table of bytes, at once too.
 *
 * @example
 * for (const [key, value] of database.rows("heights").range({ reverse: true, limit: 1 })) use(key, value);
 */
export interface Rows extends AsyncRows {
  /** The value under `key`, or `undefined`. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** Rows in order. What is committed during the loop may or may not be seen; order holds and no row comes twice. */
  range(range?: RowRange): Iterable<Row>;
}

/** Changes that become visible and durable together. */
export interface Batch {
  readonly blocks?: Iterable<BlockEntry>;
  /** Applied in order, so a later change of one key wins. */
  readonly rows?: Iterable<RowOp>;
}

/**
 * Blocks and ordered tables with one writer and atomic commits, from an engine that may answer only later.
 *
 * A commit is one transaction: whatever moment the process dies at, the database holds all of it or nothing. Commits
 * take effect in the order of the calls.
 *
 * @example
 * await database.commit({ blocks: [[cid, bytes]], rows: [{ table: "heights", key, value: cid }] });
 */
export interface AsyncDatabase extends Closable {
  /** The blocks. Its puts are commits of their own. */
  readonly blocks: AsyncStore;
  /**
   * A table by name; it need not exist before.
   *
   * @throws {BlockstoreError} `blockstore/table-malformed`
   */
  rows(table: string): AsyncRows;
  /**
   * Applies a batch; visible and durable when the promise resolves.
   *
   * @throws {HostFault} `host/store-failed` (disk full, closed), `host/aborted` before anything was written
   * @throws {BlockstoreError} `blockstore/key-too-long`, `blockstore/key-empty`, `blockstore/cid-too-long`,
   * `blockstore/table-malformed`, `blockstore/read-only`
   */
  commit(batch: Batch, options?: AbortOptions): Promise<void>;
}

/**
 * An {@link AsyncDatabase} that also answers at once.
 *
 * @example
 * database.commitSync({ blocks: [[cid, bytes]] });
 * database.blocks.getSync(cid) // => bytes
 */
export interface Database extends AsyncDatabase {
  readonly blocks: Store;
  rows(table: string): Rows;
  /** {@link AsyncDatabase.commit} that holds up the thread until the batch is on disk. */
  commitSync(batch: Batch): void;
}

/** The longest key of a row, in bytes. A tipset key of 15 blocks has 570. */
export const maxRowKeyBytes: number = 1024;
