import { fromCid } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { car } from "@helia/car";
import { dagCbor } from "@helia/dag-cbor";
import { CarReader } from "@ipld/car";
import * as dagCborCodec from "@ipld/dag-cbor";
import { createHeliaLight } from "helia";
import type { CID } from "multiformats/cid";
import { identity } from "multiformats/hashes/identity";
import { sha256 } from "multiformats/hashes/sha2";
import { describe, expect, it } from "vitest";
import { gathered, joined } from "../../src/compliance/rules.ts";
import { type AsyncStore, createMemoryBlockstore } from "../../src/index.ts";
import { createRemoteStore } from "../../src/remote.ts";
import { allStores, cleanUp, type Opened } from "./stores.ts";

cleanUp();

type Helia = ReturnType<typeof createHeliaLight>;

/** Helia without a network over a store of ours; the one that users get from `createHelia` differs by libp2p alone. */
async function heliaOn(blockstore: AsyncStore): Promise<Helia> {
  const helia = createHeliaLight({ blockstore, codecs: [dagCborCodec], hashers: [sha256, identity] });
  await helia.start();
  return helia;
}

/** A list of leaves under one root. */
async function addTree(helia: Helia, name: string, leaves: number): Promise<{ root: CID; cids: CID[] }> {
  const cbor = dagCbor(helia);
  const cids: CID[] = [];
  for (let i = 0; i < leaves; i++) cids.push(await cbor.add({ name, i, bytes: new Uint8Array(100).fill(i) }));
  const root = await cbor.add({ name, leaves: cids });
  return { root, cids: [...cids, root] };
}

for (const [name, open] of Object.entries(allStores)) {
  describe(`Helia on ${name}`, () => {
    async function using(work: (helia: Helia, store: AsyncStore) => Promise<void>): Promise<void> {
      const opened: Opened = await open();
      const helia = await heliaOn(opened.store);
      try {
        await work(helia, opened.store);
      } finally {
        await helia.stop();
        await opened.close();
      }
    }

    it("adds, reads and deletes; both see the same blocks", () =>
      using(async (helia, store) => {
        const { root, cids } = await addTree(helia, "tree", 30);
        const tree = await dagCbor(helia).get<{ leaves: CID[] }>(root);
        expect(tree.leaves.map(String)).toEqual(cids.slice(0, 30).map(String));
        for (const cid of cids)
          expect(await store.getBytes(fromCid(cid))).toEqual(await joined(helia.blockstore.get(cid)));
        await helia.blockstore.delete(root);
        expect(await helia.blockstore.has(root)).toBe(false);
        expect(await store.hasBytes(fromCid(root))).toBe(false);
      }));

    it("collects what is not pinned, and nothing else", () =>
      using(async (helia, store) => {
        const kept = await addTree(helia, "kept", 40);
        const lost = await addTree(helia, "lost", 40);
        await gathered(helia.pins.add(kept.root));
        await expect(helia.blockstore.delete(kept.root)).rejects.toThrow("pinned");
        await helia.gc();
        for (const cid of kept.cids) expect(await store.hasBytes(fromCid(cid))).toBe(true);
        for (const cid of lost.cids) expect(await store.hasBytes(fromCid(cid))).toBe(false);
        await gathered(helia.pins.rm(kept.root));
        await helia.gc();
        expect(await gathered(store.entries())).toEqual([]);
      }));

    it("goes from one to the other as a CAR", () =>
      using(async (helia) => {
        const { root, cids } = await addTree(helia, "tree", 20);
        const bytes = concatBytes(...(await gathered(car(helia).export(root))));
        const other = await heliaOn(createMemoryBlockstore());
        await car(other).import(await CarReader.fromBytes(bytes));
        for (const cid of cids) expect(await other.blockstore.has(cid)).toBe(true);
        await other.stop();
      }));
  });
}

it("Helia reads through a remote store of ours, and nothing can be put there", async () => {
  const served = createMemoryBlockstore();
  const source = await heliaOn(served);
  const { root, cids } = await addTree(source, "far away", 20);
  const helia = await heliaOn(createRemoteStore({ fetch: async (cid) => served.getSync(cid) }));
  expect((await gathered(car(helia).export(root))).length).toBeGreaterThan(20);
  expect(await helia.blockstore.has(cids[0] as CID)).toBe(true);
  await expect(dagCbor(helia).add({ new: true })).rejects.toMatchObject({ code: "blockstore/read-only" });
  await helia.stop();
  await source.stop();
});
