import { type CidBytes, cidKey } from "@copse/ipld";
import { type AbortOptions, assertNotAborted, fromLatin1, HostFault, latin1 } from "@copse/primitives";
import type { Batch, Database, Row, RowOp, RowRange, Rows } from "./database.ts";
import { assertRowOp, assertStorableCid, assertTable } from "./limits.ts";
import { RowsFace } from "./rows-face.ts";
import { SortedMap } from "./sorted-keys.ts";
import type { BlockEntry, BlockTable, Store } from "./store.ts";
import { storeOf } from "./store-of.ts";

/**
 * Blocks in memory. Cost: a Map entry a block, and one copy of its bytes.
 *
 * @example
 * const store = createMemoryBlockstore();
 * store.putSync(cid, bytes);
 */
export function createMemoryBlockstore(): Store {
  return storeOf(new MemoryBlocks());
}

/**
 * A database in memory: for tests, browsers and short-lived tools. Commits are atomic as in every {@link Database};
 * nothing outlives the process.
 *
 * @example
 * const database = createMemoryDatabase();
 * await database.commit({ rows: [{ table: "meta", key: utf8("head"), value: cid }] });
 */
export function createMemoryDatabase(): Database {
  return new MemoryDatabase();
}

class MemoryBlocks implements BlockTable {
  readonly #blocks = new Map<string, Uint8Array>();
  #open = true;

  getSync(cid: CidBytes): Uint8Array | undefined {
    this.assertOpen("read");
    return this.#blocks.get(cidKey(cid));
  }

  hasSync(cid: CidBytes): boolean {
    this.assertOpen("read");
    return this.#blocks.has(cidKey(cid));
  }

  putManySync(entries: Iterable<BlockEntry>): void {
    this.apply(Array.from(entries));
  }

  /** Stores the entries, or throws before it has stored any. */
  apply(entries: readonly BlockEntry[]): void {
    this.assertOpen("write");
    for (const [cid] of entries) assertStorableCid(cid);
    for (const [cid, bytes] of entries) {
      const key = cidKey(cid);
      // A copy: callers may hand views of a large chunk, which the store would keep alive, or reuse their buffer.
      if (!this.#blocks.has(key)) this.#blocks.set(key, Uint8Array.from(bytes));
    }
  }

  deleteManySync(cids: Iterable<CidBytes>): void {
    this.assertOpen("write");
    for (const cid of cids) this.#blocks.delete(cidKey(cid));
  }

  *entriesSync(): Iterable<BlockEntry> {
    this.assertOpen("read");
    for (const [key, bytes] of this.#blocks) yield [fromLatin1(key), bytes];
  }

  assertOpen(operation: string): void {
    if (!this.#open) throw new HostFault("host/store-failed", { operation, reason: "the store is closed" });
  }

  close(): void {
    this.#open = false;
    this.#blocks.clear();
  }
}

class MemoryDatabase implements Database {
  readonly blocks: Store;
  readonly #blocks: MemoryBlocks = new MemoryBlocks();
  readonly #tables = new Map<string, SortedMap<Uint8Array>>();

  constructor() {
    this.blocks = storeOf(this.#blocks);
  }

  rows(table: string): Rows {
    assertTable(table);
    this.#blocks.assertOpen("read");
    return new MemoryRows(this.#table(table), this.#blocks);
  }

  async commit(batch: Batch, options?: AbortOptions): Promise<void> {
    assertNotAborted(options?.signal);
    this.commitSync(batch);
  }

  commitSync(batch: Batch): void {
    this.#blocks.assertOpen("commit");
    // Gathered and checked before the first change, so that a bad entry leaves nothing behind.
    const rows: RowOp[] = Array.from(batch.rows ?? []);
    for (const op of rows) assertRowOp(op);
    this.#blocks.apply(Array.from(batch.blocks ?? []));
    for (const { table, key, value } of rows) {
      if (value === undefined) this.#table(table).delete(latin1(key));
      else this.#table(table).set(latin1(key), Uint8Array.from(value));
    }
  }

  async flush(): Promise<void> {
    this.#blocks.assertOpen("flush");
  }

  async close(): Promise<void> {
    this.#blocks.close();
    this.#tables.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #table(name: string): SortedMap<Uint8Array> {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = new SortedMap();
      this.#tables.set(name, table);
    }
    return table;
  }
}

class MemoryRows extends RowsFace {
  readonly #rows: SortedMap<Uint8Array>;
  readonly #owner: MemoryBlocks;

  constructor(rows: SortedMap<Uint8Array>, owner: MemoryBlocks) {
    super();
    this.#rows = rows;
    this.#owner = owner;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#owner.assertOpen("read");
    return this.#rows.get(latin1(key));
  }

  *range(range: RowRange = {}): Iterable<Row> {
    const low = range.gte === undefined ? "" : latin1(range.gte);
    const high = range.lt === undefined ? undefined : latin1(range.lt);
    this.#owner.assertOpen("read");
    // Each step searches anew from the last key, so rows committed during the loop cannot upset it.
    let key = range.reverse === true ? this.#rows.previous(high) : this.#rows.next(low, false);
    for (let left = range.limit ?? Number.POSITIVE_INFINITY; left > 0 && key !== undefined; left--) {
      if (range.reverse === true ? key < low : high !== undefined && key >= high) return;
      const value = this.#rows.get(key);
      if (value !== undefined) yield [fromLatin1(key), value];
      key = range.reverse === true ? this.#rows.previous(key) : this.#rows.next(key, true);
    }
  }
}
