import type { CidBytes } from "@copse/ipld";
import { type AbortOptions, assertNotAborted, HostFault } from "@copse/primitives";
import type { Batch, Database, RowOp, Rows } from "../database.ts";
import { storeFault } from "../fault.ts";
import { createMemoryDatabase } from "../memory.ts";
import type { BlockEntry, BlockTable, Store } from "../store.ts";
import { storeOf } from "../store-of.ts";
import { OpenLevel } from "./database.ts";
import { type LevelEngine, type LevelOptions, openEngine, plain, views } from "./engine.ts";
import { readRowKey } from "./layout.ts";

/**
 * Opens the database of {@link openLevelDatabase} with all of it in memory as well, so that it answers at once: what a
 * node needs in a browser, where IndexedDB answers only later. For what fits in memory, some hundred thousand blocks.
 *
 * Changes are seen at once. `commit` resolves when they are on disk; what `commitSync` and the puts and deletes at once
 * changed is there by the next `commit`, `flush` or `close` that resolves. When a write fails, memory is ahead of the
 * disk: every later use throws, and the database has to be opened again.
 *
 * @throws {HostFault} `host/store-failed`: `level` is not installed, the folder is open elsewhere or damaged
 * @throws {BlockstoreError} `blockstore/layout-unknown`
 * @example
 * const database = await openMirroredLevelDatabase("light-node");
 * database.blocks.getSync(cid);
 */
export async function openMirroredLevelDatabase(
  location: string | LevelEngine,
  options: LevelOptions = {},
): Promise<Database> {
  const engine = await openEngine(location, options);
  const disk = new OpenLevel(engine, options);
  const memory = createMemoryDatabase();
  try {
    for await (const entry of disk.blocks.entries()) memory.blocks.putManySync([entry]);
    for await (const [key, value] of engine.iterator({ ...views })) {
      const row = readRowKey(plain(key));
      if (row !== undefined) memory.commitSync({ rows: [{ ...row, value: plain(value) }] });
    }
  } catch (error) {
    await disk.close().catch(() => {});
    throw storeFault("open", error);
  }
  return new Mirror(memory, disk);
}

class Mirror implements Database, BlockTable {
  readonly blocks: Store;
  readonly #memory: Database;
  readonly #disk: OpenLevel;
  /** The last write to the disk; it fails where any before it has failed. */
  #written: Promise<void> = Promise.resolve();
  #failed: unknown;

  constructor(memory: Database, disk: OpenLevel) {
    this.#memory = memory;
    this.#disk = disk;
    this.blocks = storeOf(this);
  }

  getSync(cid: CidBytes): Uint8Array | undefined {
    this.#assertWhole("read");
    return this.#memory.blocks.getSync(cid);
  }

  hasSync(cid: CidBytes): boolean {
    this.#assertWhole("read");
    return this.#memory.blocks.hasSync(cid);
  }

  entriesSync(): Iterable<BlockEntry> {
    this.#assertWhole("read");
    return this.#memory.blocks.entriesSync();
  }

  rows(table: string): Rows {
    this.#assertWhole("read");
    return this.#memory.rows(table);
  }

  putManySync(entries: Iterable<BlockEntry>): void {
    this.commitSync({ blocks: entries });
  }

  putManyBytes(entries: Iterable<BlockEntry>): Promise<void> {
    return this.commit({ blocks: entries });
  }

  deleteManySync(cids: Iterable<CidBytes>): void {
    this.#delete(cids);
  }

  async deleteManyBytes(cids: Iterable<CidBytes>): Promise<void> {
    this.#delete(cids);
    await this.#written;
  }

  async commit(batch: Batch, options?: AbortOptions): Promise<void> {
    assertNotAborted(options?.signal);
    this.commitSync(batch);
    await this.#written;
  }

  commitSync(batch: Batch): void {
    this.#assertWhole("commit");
    // Copies: the caller's arrays are free again when this returns, the disk reads them later.
    const blocks = Array.from(batch.blocks ?? [], ([cid, bytes]): BlockEntry => [cid.slice(), Uint8Array.from(bytes)]);
    const rows = Array.from(batch.rows ?? [], ({ table, key, value }): RowOp => {
      return { table, key: Uint8Array.from(key), value: value === undefined ? undefined : Uint8Array.from(value) };
    });
    this.#memory.commitSync({ blocks, rows });
    this.#write(this.#disk.commit({ blocks, rows }));
  }

  async flush(): Promise<void> {
    this.#assertWhole("flush");
    await this.#written;
    await this.#disk.flush();
  }

  async close(): Promise<void> {
    await this.#memory.close();
    try {
      await this.#written;
    } finally {
      await this.#disk.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #delete(cids: Iterable<CidBytes>): void {
    this.#assertWhole("delete");
    const gone = Array.from(cids, (cid) => cid.slice());
    this.#memory.blocks.deleteManySync(gone);
    this.#write(this.#disk.blocks.deleteManyBytes(gone));
  }

  #write(work: Promise<void>): void {
    const before = this.#written;
    this.#written = work.then(() => before);
    this.#written.catch((error: unknown) => {
      this.#failed ??= error;
    });
  }

  #assertWhole(operation: string): void {
    if (this.#failed === undefined) return;
    const reason = "an earlier write failed, so memory is ahead of the disk: open the database again";
    throw new HostFault("host/store-failed", { operation, reason }, { cause: this.#failed });
  }
}
