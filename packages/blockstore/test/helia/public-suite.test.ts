import { mkdtempSync, rmSync } from "node:fs";
import { registerHooks } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Blockstore } from "interface-blockstore";
import { afterAll, afterEach, beforeEach, describe, it } from "vitest";
import { openFsBlockstore } from "../../src/fs.ts";
import { createMemoryBlockstore, createMemoryDatabase } from "../../src/index.ts";
import { openLevelDatabase, openMirroredLevelDatabase } from "../../src/level.ts";
import { openLmdbDatabase } from "../../src/lmdb.ts";

/**
 * The suite that Helia's own stores pass. It speaks mocha, and takes its `expect` from aegir, some 800 packages: chai and
 * the two plugins that it uses of them stand in.
 */
const chai = pathToFileURL(join(import.meta.dirname, "../fixtures/chai.mjs")).href;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "aegir/chai" ? { url: chai, shortCircuit: true } : next(specifier, context),
});
Object.assign(globalThis, { describe, it, beforeEach, afterEach });
const { interfaceBlockstoreTests } = await import("interface-blockstore-tests");

const folder = mkdtempSync(join(tmpdir(), "copse-public-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const fresh = (): string => join(folder, String(count++));

type Opened = { readonly store: Blockstore; close?(): Promise<void> };
const databases = {
  "memory database": async () => createMemoryDatabase(),
  LMDB: () => openLmdbDatabase(fresh()),
  Level: () => openLevelDatabase(fresh(), { durable: false }),
  "Level, mirrored": () => openMirroredLevelDatabase(fresh(), { durable: false }),
};
const stores: Record<string, () => Promise<Opened>> = {
  memory: async () => ({ store: createMemoryBlockstore() }),
  ...Object.fromEntries(
    Object.entries(databases).map(([name, open]) => {
      const opened = async (): Promise<Opened> => {
        const database = await open();
        return { store: database.blocks, close: () => database.close() };
      };
      return [name, opened];
    }),
  ),
  files: async () => {
    const store = await openFsBlockstore(fresh(), { durable: false });
    return { store, close: () => store.close() };
  },
};

for (const [name, open] of Object.entries(stores)) {
  describe(`interface-blockstore-tests: ${name}`, () => {
    const opened = new Map<Blockstore, Opened>();
    interfaceBlockstoreTests({
      async setup() {
        const one = await open();
        opened.set(one.store, one);
        return one.store;
      },
      async teardown(store: Blockstore) {
        await opened.get(store)?.close?.();
      },
    });
  });
}
