import type { CidBytes } from "@copse/ipld";
import { type AbortOptions, assertNotAborted, HostFault } from "@copse/primitives";
import type { Batch, Database, Rows } from "../database.ts";
import { BlockstoreError } from "../errors.ts";
import { guarded, storeFault } from "../fault.ts";
import { assertRowOp, assertStorableCid, assertTable } from "../limits.ts";
import type { BlockEntry, BlockTable, Store } from "../store.ts";
import { storeOf } from "../store-of.ts";
import { IndexReader } from "./index-reader.ts";
import { defaultTailBlocks } from "./index-writer.ts";
import { LmdbRows } from "./rows.ts";
import { type LmdbOptions, openTables, type Tables } from "./tables.ts";
import { openThreadWrites } from "./thread-writes.node.ts";
import { type Changes, LocalWrites, type Writes } from "./writes.ts";

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
  if (options.readOnly !== true && options.thread === true) return openThreaded(path, options);
  const tables = await openTables(path, options);
  const reader = guarded("open", () => new IndexReader(tables));
  const writes = tables.readOnly ? undefined : new LocalWrites(tables, reader, options.tailBlocks ?? defaultTailBlocks);
  return new LmdbDatabase(tables, reader, writes);
}

/** The thread opens the file for writing, and may make it; this one reads. */
async function openThreaded(path: string, options: LmdbOptions): Promise<Database> {
  let reader: IndexReader | undefined;
  let tables: Tables | undefined;
  const writes = await openThreadWrites(path, options, () => {
    tables?.root.resetReadTxn();
    reader?.follow();
  });
  try {
    tables = await openTables(path, { ...options, readOnly: true });
    reader = new IndexReader(tables);
    return new LmdbDatabase(tables, reader, writes);
  } catch (error) {
    await writes.close();
    throw storeFault("open", error);
  }
}

/** What is read of the blocks at a time while they are listed. */
const pageBlocks = 256;
const pageBytes = 1 << 20;

class LmdbDatabase implements Database, BlockTable {
  readonly blocks: Store;
  readonly #tables: Tables;
  readonly #reader: IndexReader;
  /** Absent where the database was opened for reading. */
  readonly #writes: Writes | undefined;
  #open = true;

  constructor(tables: Tables, reader: IndexReader, writes: Writes | undefined) {
    this.#tables = tables;
    this.#reader = reader;
    this.#writes = writes;
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
    return new LmdbRows(this.#tables, table, this.#writes === undefined, (operation) => this.#assertOpen(operation));
  }

  putManySync(entries: Iterable<BlockEntry>): void {
    this.commitSync({ blocks: entries });
  }

  putManyBytes(entries: Iterable<BlockEntry>): Promise<void> {
    return this.commit({ blocks: entries });
  }

  deleteManySync(cids: Iterable<CidBytes>): void {
    this.#writable("delete").applySync({ blocks: [], rows: [], deleted: Array.from(cids) });
  }

  async deleteManyBytes(cids: Iterable<CidBytes>): Promise<void> {
    return this.#writable("delete").apply({ blocks: [], rows: [], deleted: Array.from(cids) });
  }

  *entriesSync(): Iterable<BlockEntry> {
    // In pages, each read in one go: a cursor that is open while the loop's body deletes what it got passes over the next.
    for (let page = this.#page(undefined); page.length > 0; ) {
      for (const [, cid, bytes] of page) yield [cid, bytes];
      page = this.#page(page.at(-1)?.[0]);
    }
  }

  /** The blocks after that key, up to a bound of count and bytes, and the key of each. */
  #page(after: Uint8Array | undefined): (readonly [key: Uint8Array, cid: CidBytes, bytes: Uint8Array])[] {
    this.#assertOpen("read");
    return guarded("read", () => {
      if (this.#writes === undefined) this.#tables.root.resetReadTxn(); // another may have written since
      const page: (readonly [Uint8Array, CidBytes, Uint8Array])[] = [];
      let size = 0;
      const range =
        after === undefined ? { limit: pageBlocks } : { start: after, exclusiveStart: true, limit: pageBlocks };
      for (const { key, value } of this.#tables.blocks.getRange(range)) {
        const from = 2 + (((value[0] as number) << 8) | (value[1] as number));
        const bytes = Uint8Array.from(value.subarray(from, value.length));
        page.push([Uint8Array.from(key), Uint8Array.from(value.subarray(2, from)), bytes]);
        size += bytes.length;
        if (size > pageBytes) break;
      }
      return page;
    });
  }

  async commit(batch: Batch, options?: AbortOptions): Promise<void> {
    assertNotAborted(options?.signal);
    return this.#writable("commit").apply(checked(batch));
  }

  commitSync(batch: Batch): void {
    this.#writable("commit").applySync(checked(batch));
  }

  async flush(): Promise<void> {
    this.#assertOpen("flush");
    await this.#writes?.flush();
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false; // at once: nothing is accepted while the rest is written
    try {
      await this.#writes?.close();
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
    if (this.#writes !== undefined) return false;
    // Another thread may have written since this one's snapshot; only a miss can tell.
    this.#tables.root.resetReadTxn();
    this.#reader.follow();
    return this.#reader.find(cid) >= 0;
  }

  #writable(operation: string): Writes {
    this.#assertOpen(operation);
    if (this.#writes === undefined) throw new BlockstoreError("blockstore/read-only", { operation });
    return this.#writes;
  }

  #assertOpen(operation: string): void {
    if (!this.#open) throw new HostFault("host/store-failed", { operation, reason: "the store is closed" });
  }
}

/** Checks a batch and takes its arrays, so that a transaction cannot fail on what the caller gave. */
function checked(batch: Batch): Changes {
  const blocks = Array.from(batch.blocks ?? []);
  for (const [cid] of blocks) assertStorableCid(cid);
  const rows = Array.from(batch.rows ?? []);
  for (const op of rows) assertRowOp(op);
  return { blocks, rows, deleted: [] };
}
