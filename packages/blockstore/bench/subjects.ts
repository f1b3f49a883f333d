import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { FsBlockstore } from "blockstore-fs";
import { LevelBlockstore } from "blockstore-level";
import type { Blockstore } from "interface-blockstore";
import type { CID } from "multiformats/cid";
import { openFsBlockstore } from "../src/fs.ts";
import { type AsyncDatabase, type AsyncStore, createMemoryDatabase, type SyncReads } from "../src/index.ts";
import { openLevelDatabase } from "../src/level.ts";
import { openLmdbDatabase } from "../src/lmdb.ts";

/** A block with its CID in both forms, made before the clock starts: the interface of Helia takes `CID`s. */
export interface Made {
  readonly cid: CID;
  readonly key: Uint8Array;
  readonly bytes: Uint8Array;
}

/** A store as its users would drive it at full speed. */
export interface Subject {
  /** Waits for the disk at each put or batch. */
  readonly durable: boolean;
  put(block: Made): Promise<unknown>;
  putMany(blocks: readonly Made[]): Promise<unknown>;
  get(block: Made): Promise<Uint8Array | undefined>;
  /** At once, where it can. */
  readonly getSync: ((block: Made) => Uint8Array | undefined) | undefined;
  /** How many of the blocks it has given. */
  getMany(blocks: readonly Made[]): Promise<number>;
  has(block: Made): Promise<boolean>;
  /** Blocks listed, with their bytes. */
  iterate(): Promise<number>;
  close(): Promise<unknown>;
}

function ours(store: AsyncStore & Partial<SyncReads>, durable: boolean, close: () => Promise<unknown>): Subject {
  return {
    durable,
    put: ({ cid, bytes }) => Promise.resolve(store.put(cid, bytes)),
    putMany: (blocks) => store.putManyBytes(blocks.map(({ key, bytes }) => [key, bytes])),
    get: ({ key }) => store.getBytes(key),
    getSync: store.getSync === undefined ? undefined : ({ key }) => store.getSync?.(key),
    async getMany(blocks) {
      const found = await store.getManyBytes(blocks.map(({ key }) => key));
      return found.filter((bytes) => bytes !== undefined).length;
    },
    has: ({ key }) => store.hasBytes(key),
    async iterate() {
      let count = 0;
      for await (const _ of store.entries()) count++;
      return count;
    },
    close,
  };
}

function theirs(store: Blockstore, close: () => Promise<unknown>): Subject {
  const whole = async (chunks: ReturnType<Blockstore["get"]>): Promise<Uint8Array | undefined> => {
    let bytes: Uint8Array | undefined;
    for await (const chunk of chunks) bytes = chunk;
    return bytes;
  };
  return {
    durable: false,
    put: async ({ cid, bytes }) => store.put(cid, bytes),
    async putMany(blocks) {
      for await (const _ of store.putMany(blocks.map(({ cid, bytes }) => ({ cid, bytes }))));
    },
    get: ({ cid }) => whole(store.get(cid)),
    getSync: undefined,
    async getMany(blocks) {
      let count = 0;
      for await (const { bytes } of store.getMany(blocks.map(({ cid }) => cid))) {
        if ((await whole(bytes)) !== undefined) count++;
      }
      return count;
    },
    has: async ({ cid }) => store.has(cid),
    async iterate() {
      let count = 0;
      for await (const { bytes } of store.getAll()) {
        await whole(bytes);
        count++;
      }
      return count;
    },
    close,
  };
}

const database = async (opened: Promise<AsyncDatabase>, durable: boolean): Promise<Subject> => {
  const one = await opened;
  return ours(one.blocks, durable, () => one.close());
};

/** The stores that are measured, each in a folder of its own. */
export const subjects: Readonly<Record<string, (folder: string) => Promise<Subject>>> = {
  memory: () => database(Promise.resolve(createMemoryDatabase()), false),
  LMDB: (folder) => database(openLmdbDatabase(folder), true),
  Level: (folder) => database(openLevelDatabase(folder), true),
  "Level, not durable": (folder) => database(openLevelDatabase(folder, { durable: false }), false),
  "blockstore-level": async (folder) => {
    const store = new LevelBlockstore(folder);
    await store.open();
    return theirs(store, () => store.close());
  },
};

/** Those that keep a file a block, at fewer blocks. */
export const fileSubjects: Readonly<Record<string, (folder: string) => Promise<Subject>>> = {
  files: async (folder) => {
    const store = await openFsBlockstore(folder);
    return ours(store, true, () => store.close());
  },
  "files, not durable": async (folder) => {
    const store = await openFsBlockstore(folder, { durable: false });
    return ours(store, false, () => store.close());
  },
  "blockstore-fs": async (folder) => {
    mkdirSync(folder, { recursive: true });
    const store = new FsBlockstore(join(folder, "blocks"));
    await store.open();
    return theirs(store, () => store.close());
  },
};
