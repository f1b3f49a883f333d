import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import {
  createBlockCache,
  createOverlay,
  createTracker,
  createWriteBuffer,
  identityStoreOf,
  unionStoreOf,
  verifyingStoreOf,
} from "../../src/compose.ts";
import { openFsBlockstore } from "../../src/fs.ts";
import { type AsyncDatabase, type AsyncStore, createMemoryBlockstore, createMemoryDatabase } from "../../src/index.ts";
import { openLevelDatabase, openMirroredLevelDatabase } from "../../src/level.ts";
import { openLmdbDatabase } from "../../src/lmdb.ts";

/** An open store, and what releases it. */
export interface Opened {
  readonly store: AsyncStore;
  close(): Promise<void>;
}

const folder = mkdtempSync(join(tmpdir(), "copse-all-stores-"));
let count = 0;
const fresh = (): string => join(folder, String(count++));
const memory = createMemoryBlockstore;

/** Removes what the stores of a test file left; to be called once in it. */
export function cleanUp(): void {
  afterAll(() => rmSync(folder, { recursive: true }));
}

const alone = (open: () => AsyncStore) => async (): Promise<Opened> => ({ store: open(), close: async () => {} });
const ofDatabase = (open: () => Promise<AsyncDatabase>) => async (): Promise<Opened> => {
  const database = await open();
  return { store: database.blocks, close: () => database.close() };
};
const files = (layout: "copse" | "blockstore-fs") => async (): Promise<Opened> => {
  const store = await openFsBlockstore(fresh(), { durable: false, layout });
  return { store, close: () => store.close() };
};

/** Every store of ours that takes blocks, by name. */
export const allStores: Readonly<Record<string, () => Promise<Opened>>> = {
  memory: alone(memory),
  "memory database": ofDatabase(async () => createMemoryDatabase()),
  LMDB: ofDatabase(() => openLmdbDatabase(fresh())),
  Level: ofDatabase(() => openLevelDatabase(fresh(), { durable: false })),
  "Level, mirrored": ofDatabase(() => openMirroredLevelDatabase(fresh(), { durable: false })),
  files: files("copse"),
  "files as blockstore-fs has them": files("blockstore-fs"),
  overlay: alone(() => createOverlay(memory()).blocks),
  "write buffer": alone(() => createWriteBuffer(memory(), { maxBytes: 1 << 16 }).blocks),
  cache: alone(() => createBlockCache(memory(), { maxBytes: 1 << 16 }).blocks),
  tracker: alone(() => createTracker(memory()).blocks),
  union: alone(() => {
    const [first, second] = [memory(), memory()];
    return unionStoreOf([first, second], { writeTo: "all" });
  }),
  "identity CIDs": alone(() => identityStoreOf(memory())),
  verifying: alone(() => verifyingStoreOf(memory())),
};
