import type { CidBytes } from "@copse/ipld";
import { type AbortOptions, assertNotAborted, HostFault, utf8 } from "@copse/primitives";
import { storeOf } from "../cid-face.ts";
import type { Batch, Database, RowOp, Rows } from "../database.ts";
import { BlockstoreError } from "../errors.ts";
import { assertRowOp, assertStorableCid, assertTable } from "../limits.ts";
import type { BlockEntry, BlockTable, Store } from "../store.ts";
import { guarded, storeFault } from "./fault.ts";
import { IndexReader } from "./index-reader.ts";
import { defaultTailBlocks, IndexWriter } from "./index-writer.ts";
import { rowKey } from "./layout.ts";
import { LmdbRows } from "./rows.ts";
import { type LmdbOptions, openTables, type Tables } from "./tables.ts";

/**
 * Opens a database in a folder, and makes it where there is none. Node.js only.
 *
 * One instance writes. Any number of threads and processes open the same folder with `readOnly` and read synchronously
 * meanwhile; what a commit has resolved for is seen by the next read there.
 *
 * Durability: as LMDB's own; a commit is on disk when it resolves, and a crash at any moment leaves the state after one
 * commit, never between two. The file grows as needed and does not shrink; freed pages are used again.
 *
 * @throws {HostFault} `host/store-failed`, also where the optional dependency `lmdb` is not installed
 * @throws {BlockstoreError} `blockstore/layout-unknown`
 * @example
 * await using database = await openLmdbDatabase("./chain");
 * await database.commit({ blocks: [[cid, bytes]] });
 */
export async function openLmdbDatabase(path: string, options: LmdbOptions = {}): Promise<Database> {
  const tables = await openTables(path, options);
  return new LmdbDatabase(tables, options.tailBlocks ?? defaultTailBlocks);
}

/** A batch whose caller waits for it. */
interface Waiting {
  readonly write: () => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

class LmdbDatabase implements Database, BlockTable {
  readonly blocks: Store;
  readonly #tables: Tables;
  readonly #reader: IndexReader;
  readonly #writer: IndexWriter;
  #waiting: Waiting[] = [];
  #turn: Promise<void> | undefined;
  #open = true;

  constructor(tables: Tables, tailBlocks: number) {
    this.#tables = tables;
    this.#reader = guarded("open", () => new IndexReader(tables));
    this.#writer = new IndexWriter(tables, this.#reader, tailBlocks);
    this.blocks = storeOf(this);
  }

  getSync(cid: CidBytes): Uint8Array | undefined {
    this.#assertOpen("read");
    return guarded("read", () => {
      if (!this.#find(cid)) return undefined;
      const { value } = this.#reader;
      const from = 2 + cid.length;
      return new Uint8Array(value.buffer, value.byteOffset + from, value.length - from).slice();
    });
  }

  hasSync(cid: CidBytes): boolean {
    this.#assertOpen("read");
    return guarded("read", () => this.#find(cid));
  }

  rows(table: string): Rows {
    assertTable(table);
    this.#assertOpen("read");
    return new LmdbRows(this.#tables, table, (operation) => this.#assertOpen(operation));
  }

  putManySync(entries: Iterable<BlockEntry>): void {
    this.commitSync({ blocks: entries });
  }

  putMany(entries: Iterable<BlockEntry>): Promise<void> {
    return this.commit({ blocks: entries });
  }

  deleteManySync(cids: Iterable<CidBytes>): void {
    this.#assertWritable("delete");
    const gone = Array.from(cids);
    this.#writeNow(() => this.#writer.delete(gone));
  }

  *entries(): Iterable<BlockEntry> {
    this.#assertOpen("read");
    for (const { value } of this.#tables.blocks.getRange({ snapshot: false })) {
      const from = 2 + (((value[0] as number) << 8) | (value[1] as number));
      yield [Uint8Array.from(value.subarray(2, from)), Uint8Array.from(value.subarray(from, value.length))];
      this.#assertOpen("read");
    }
  }

  /**
   * Batches that are given in one turn of the event loop go into one transaction: each wait for the disk costs more than
   * a batch of headers.
   */
  async commit(batch: Batch, options?: AbortOptions): Promise<void> {
    assertNotAborted(options?.signal);
    this.#assertWritable("commit");
    const write = this.#prepare(batch);
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
    });
    this.#turn ??= nextTurn().then(() => this.#writeWaiting());
    return done;
  }

  commitSync(batch: Batch): void {
    this.#assertWritable("commit");
    this.#writeNow(this.#prepare(batch));
  }

  async flush(): Promise<void> {
    this.#assertOpen("flush");
    this.#writeWaiting(); // each write is on disk when it returns
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#writeWaiting();
    this.#open = false;
    try {
      await this.#tables.root.close();
    } catch (error) {
      throw storeFault("close", error);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #find(cid: CidBytes): boolean {
    if (this.#reader.find(cid) >= 0) return true;
    if (!this.#tables.readOnly) return false;
    // Another thread may have written since this one's snapshot; only a miss can tell.
    this.#tables.root.resetReadTxn();
    this.#reader.follow();
    return this.#reader.find(cid) >= 0;
  }

  /** Checks a batch and takes its arrays, so that the transaction itself cannot fail on what the caller gave. */
  #prepare(batch: Batch): () => void {
    const blocks = Array.from(batch.blocks ?? []);
    for (const [cid] of blocks) assertStorableCid(cid);
    const rows = Array.from(batch.rows ?? []);
    for (const op of rows) assertRowOp(op);
    return () => {
      this.#writer.put(blocks);
      this.#putRows(rows);
    };
  }

  #putRows(ops: readonly RowOp[]): void {
    for (const { table, key, value } of ops) {
      if (value === undefined) this.#tables.rows.remove(rowKey(utf8(table), key));
      else this.#tables.rows.put(rowKey(utf8(table), key), value);
    }
  }

  /** Writes at once, after what is waiting: commits take effect in the order of the calls. */
  #writeNow(write: () => void): void {
    this.#writeWaiting();
    this.#transact(write);
  }

  #writeWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#turn = undefined;
    if (waiting.length === 0) return;
    try {
      this.#transact(() => {
        for (const { write } of waiting) write();
      });
    } catch (error) {
      for (const { reject } of waiting) reject(error);
      return;
    }
    for (const { resolve } of waiting) resolve();
  }

  #transact(write: () => void): void {
    try {
      this.#tables.root.transactionSync(write);
    } catch (error) {
      // The tails may now name blocks that never came to be, or miss a merge that was undone.
      this.#reader.reload();
      throw storeFault("commit", error);
    }
  }

  #assertWritable(operation: string): void {
    this.#assertOpen(operation);
    if (this.#tables.readOnly) throw new BlockstoreError("blockstore/read-only", { operation });
  }

  #assertOpen(operation: string): void {
    if (!this.#open) throw new HostFault("host/store-failed", { operation, reason: "the store is closed" });
  }
}

/** Resolves once what is queued now has run: later than promises, sooner than timers. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
