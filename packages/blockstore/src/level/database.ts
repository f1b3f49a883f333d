import type { CidBytes } from "@copse/ipld";
import { type AbortOptions, assertNotAborted, HostFault } from "@copse/primitives";
import type { AsyncDatabase, AsyncRows, Batch } from "../database.ts";
import { guarded, storeFault } from "../fault.ts";
import { assertRowOp, assertStorableCid, assertTable } from "../limits.ts";
import type { AsyncBlockTable, AsyncStore, BlockEntry, SyncReads } from "../store.ts";
import { asyncStoreOf } from "../store-of.ts";
import {
  type LevelChange,
  type LevelEngine,
  type LevelOptions,
  openEngine,
  plain,
  plainOrNone,
  views,
} from "./engine.ts";
import { allBlocks, blockKey, layoutKey, layoutName, tablePrefix } from "./layout.ts";
import { LevelRows } from "./rows.ts";
import { LevelWrites } from "./writes.ts";

/** A database over Level. Its blocks are read at once too where the engine can (LevelDB in Node.js). */
export interface LevelDatabase extends AsyncDatabase {
  readonly blocks: AsyncStore & Partial<SyncReads>;
}

/**
 * Opens a database over Level: LevelDB in a folder in Node.js, IndexedDB under a name in browsers; and makes it where
 * there is none. Takes an open or unopened database of abstract-level 3 as well, which it closes in the end.
 *
 * Needs the optional dependency `level`. One process at a time opens a folder; in browsers several pages may open one
 * name, but must not write both.
 *
 * Durability: a commit is one batch of LevelDB, or one transaction of IndexedDB. See {@link LevelOptions.durable}.
 *
 * @throws {HostFault} `host/store-failed`: `level` is not installed, the folder is open elsewhere or damaged
 * @throws {BlockstoreError} `blockstore/layout-unknown`
 * @example
 * await using database = await openLevelDatabase("chain");
 * await database.commit({ blocks: [[cid, bytes]] });
 */
export async function openLevelDatabase(
  location: string | LevelEngine,
  options: LevelOptions = {},
): Promise<LevelDatabase> {
  const engine = await openEngine(location, options);
  return new OpenLevel(engine, options);
}

/** The database over an open engine. */
export class OpenLevel implements LevelDatabase {
  readonly blocks: AsyncStore & Partial<SyncReads>;
  readonly #engine: LevelEngine;
  readonly #writes: LevelWrites;
  #open = true;

  constructor(engine: LevelEngine, { durable }: LevelOptions) {
    this.#engine = engine;
    this.#writes = new LevelWrites(engine, durable !== false);
    this.blocks = asyncStoreOf(engine.supports.getSync === true ? this.#table(engine) : this.#asyncTable(engine));
  }

  rows(table: string): AsyncRows {
    assertTable(table);
    this.#assertOpen("read");
    return new LevelRows(this.#engine, tablePrefix(table), (operation) => this.#assertOpen(operation));
  }

  async commit(batch: Batch, options?: AbortOptions): Promise<void> {
    assertNotAborted(options?.signal);
    this.#assertOpen("commit");
    const changes: LevelChange[] = [];
    for (const entry of batch.blocks ?? []) changes.push(putBlock(entry));
    for (const op of batch.rows ?? []) {
      assertRowOp(op);
      const prefix = tablePrefix(op.table);
      const key = new Uint8Array(prefix.length + op.key.length);
      key.set(prefix);
      key.set(op.key, prefix.length);
      changes.push(op.value === undefined ? { type: "del", key } : { type: "put", key, value: op.value });
    }
    if (changes.length > 0) await this.#writes.apply(changes);
  }

  async flush(): Promise<void> {
    this.#assertOpen("flush");
    await this.#flush();
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false; // at once: nothing is accepted while the rest is written
    try {
      await this.#flush();
    } finally {
      await this.#engine.close().catch((error: unknown) => {
        throw storeFault("close", error);
      });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #flush(): Promise<void> {
    await this.#writes.idle();
    try {
      // A write that waits for the disk takes all earlier ones of the log with it.
      await this.#engine.batch([{ type: "put", key: layoutKey, value: layoutName }], { sync: true, ...views });
    } catch (error) {
      throw storeFault("flush", error);
    }
  }

  #asyncTable(engine: LevelEngine): AsyncBlockTable {
    const read = async <T>(work: () => Promise<T>): Promise<T> => {
      this.#assertOpen("read");
      try {
        return await work();
      } catch (error) {
        throw storeFault("read", error);
      }
    };
    return {
      getBytes: (cid) => read(async () => plainOrNone(await engine.get(blockKey(cid), views))),
      getManyBytes: (cids) => read(async () => (await engine.getMany(cids.map(blockKey), views)).map(plainOrNone)),
      hasBytes: (cid) => read(() => engine.has(blockKey(cid), views)),
      putManyBytes: (entries) => this.commit({ blocks: entries }),
      deleteManyBytes: async (cids) => {
        this.#assertOpen("delete");
        const changes = Array.from(cids, (cid): LevelChange => ({ type: "del", key: blockKey(cid) }));
        if (changes.length > 0) await this.#writes.apply(changes);
      },
      entries: () => this.#entries(),
    };
  }

  #table(engine: LevelEngine): AsyncBlockTable & SyncReads {
    const getSync = (cid: CidBytes): Uint8Array | undefined => {
      this.#assertOpen("read");
      return guarded("read", () => plainOrNone(engine.getSync(blockKey(cid), views)));
    };
    return { ...this.#asyncTable(engine), getSync, hasSync: (cid) => getSync(cid) !== undefined };
  }

  async *#entries(): AsyncGenerator<BlockEntry> {
    this.#assertOpen("read");
    try {
      for await (const [key, value] of this.#engine.iterator({ ...allBlocks, ...views })) {
        yield [plain(key).slice(1), plain(value)];
        this.#assertOpen("read");
      }
    } catch (error) {
      throw storeFault("read", error);
    }
  }

  #assertOpen(operation: string): void {
    if (!this.#open) throw new HostFault("host/store-failed", { operation, reason: "the store is closed" });
  }
}

function putBlock([cid, bytes]: BlockEntry): LevelChange {
  assertStorableCid(cid);
  return { type: "put", key: blockKey(cid), value: bytes };
}
