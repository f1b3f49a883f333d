import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { open } from "lmdb";
import { openLmdbDatabase } from "../src/lmdb.ts";

/** One way to keep blocks on disk. Every batch is on disk when `put` resolves. */
export interface Engine {
  put(batch: readonly (readonly [Uint8Array, Uint8Array])[]): Promise<unknown>;
  get(cid: Uint8Array): Uint8Array | undefined;
  close(): Promise<unknown>;
}

/** The engines that are measured, each in a folder of its own. */
export const engines: Readonly<Record<string, (folder: string) => Promise<Engine>>> = {
  async copse(folder) {
    const database = await openLmdbDatabase(folder);
    return {
      put: (batch) => database.commit({ blocks: batch }),
      get: (cid) => database.blocks.getSync(cid),
      close: () => database.close(),
    };
  },
  async "copse, thread"(folder) {
    const database = await openLmdbDatabase(folder, { thread: true });
    return {
      put: (batch) => database.commit({ blocks: batch }),
      get: (cid) => database.blocks.getSync(cid),
      close: () => database.close(),
    };
  },
  async level(folder) {
    const level = new ClassicLevel<Uint8Array, Uint8Array>(folder, { keyEncoding: "view", valueEncoding: "view" });
    await level.open();
    return {
      put: (batch) =>
        level.batch(
          batch.map(([key, value]) => ({ type: "put", key, value })),
          { sync: true },
        ),
      get: (cid) => level.getSync(cid),
      close: () => level.close(),
    };
  },
  async "lmdb, CID as key"(folder) {
    mkdirSync(folder, { recursive: true });
    const root = open<Uint8Array, Uint8Array>({
      path: folder,
      encoding: "binary",
      keyEncoding: "binary",
      noSubdir: false,
      overlappingSync: false,
    });
    return {
      put: async (batch) =>
        root.transactionSync(() => {
          for (const [key, value] of batch) root.put(key, value);
        }),
      get: (cid) => root.getBinary(cid),
      close: () => root.close(),
    };
  },
};

/** Bytes a folder takes on disk. */
export function folderBytes(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).blocks * 512, 0);
}
