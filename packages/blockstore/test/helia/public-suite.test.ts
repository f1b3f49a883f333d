import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Blockstore } from "interface-blockstore";
import { afterEach, beforeEach, describe, it } from "vitest";
import { allStores, cleanUp, type Opened } from "./stores.ts";

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

cleanUp();
for (const [name, open] of Object.entries(allStores)) {
  describe(`interface-blockstore-tests: ${name}`, () => {
    const opened = new Map<Blockstore, Opened>();
    interfaceBlockstoreTests({
      async setup() {
        const one = await open();
        opened.set(one.store, one);
        return one.store;
      },
      async teardown(store: Blockstore) {
        await opened.get(store)?.close();
      },
    });
  });
}
