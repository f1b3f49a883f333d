import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AsyncStore, fromBlockstore } from "@copse/blockstore";
import { carBlocks, encodeCar, writeCar } from "@copse/car";
import { bytesAccess, createCarStore } from "@copse/car/store";
import { blake2b256 } from "@copse/crypto";
import { createHamt, type HamtEntry, loadHamt } from "@copse/hamt";
import { bytesCodec, type CidBytes, runAsync, runSync, toCid } from "@copse/ipld";
import { concatBytes, equalBytes, utf8 } from "@copse/primitives";
import { MemoryBlockstore } from "blockstore-core";
import { FsBlockstore } from "blockstore-fs";
import { LevelBlockstore } from "blockstore-level";
import { createHeliaLight } from "helia";
import type { Blockstore } from "interface-blockstore";
import { from } from "multiformats/hashes/hasher";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "copse-helia-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Stores of Helia, and Helia itself. */
const theirs: Record<string, () => Promise<{ store: Blockstore; close(): unknown }>> = {
  "blockstore-core": async () => ({ store: new MemoryBlockstore(), close() {} }),
  "blockstore-fs": async () => {
    const store = new FsBlockstore(join(folder, "fs"));
    await store.open();
    return { store, close: () => store.close() };
  },
  "blockstore-level": async () => {
    const store = new LevelBlockstore(join(folder, "level"));
    await store.open();
    return { store, close: () => store.close() };
  },
  helia: async () => {
    const helia = createHeliaLight({ hashers: [blake2b] });
    await helia.start();
    return { store: helia.blockstore, close: () => helia.stop() };
  },
};

/** Helia asks for the hash function of each block that it is given. */
const blake2b = from({ code: 0xb220, name: "blake2b-256", encode: (bytes) => Uint8Array.from(blake2b256(bytes)) });

const options = { version: 3 } as const;
const key = (i: number): Uint8Array => utf8(`key ${i}`);
const value = (i: number): Uint8Array => new Uint8Array(40).fill(i);

/** A tree of 2,000 entries as a CAR, and its root. */
function treeAsCar(): { root: CidBytes; file: Uint8Array } {
  const tree = createHamt(bytesCodec, options);
  for (let i = 0; i < 2000; i++) tree.setSync(key(i), value(i));
  const { root, blocks } = tree.flush();
  return {
    root,
    file: encodeCar(
      [root],
      blocks.map(([cid, bytes]) => ({ cid, bytes })),
    ),
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

for (const [name, open] of Object.entries(theirs)) {
  it(`trees and CAR files work on ${name}`, async () => {
    const { root, file } = treeAsCar();
    const opened = await open();
    const store: AsyncStore = fromBlockstore(opened.store);
    const blocks: [CidBytes, Uint8Array][] = [];
    for await (const { cid, bytes } of carBlocks(once(file))) blocks.push([cid, bytes]);
    await store.putManyBytes(blocks);

    const tree = await runAsync(loadHamt(root, bytesCodec, options), store);
    expect(await runAsync(tree.get(key(1999)), store)).toEqual(value(1999));
    const found: HamtEntry<Uint8Array>[] = [];
    for await (const entry of tree.entriesAsync(store, { concurrency: 8 })) found.push(entry);
    expect(found.length).toBe(2000);
    await runAsync(tree.set(key(2000), value(7)), store);
    const changed = await tree.flushAsync(store);
    expect(equalBytes(changed, root)).toBe(false);

    async function* everyNode(): AsyncGenerator<{ cid: CidBytes; bytes: Uint8Array }> {
      for (const [cid] of blocks) yield { cid, bytes: (await store.getBytes(cid)) as Uint8Array };
    }
    const parts: Uint8Array[] = [];
    for await (const part of writeCar([root], everyNode())) parts.push(part);
    expect(equalBytes(concatBytes(...parts), file)).toBe(true);
    await opened.close();
  });
}

it("Helia reads a CAR file of ours where it lies, and can put nothing there", async () => {
  const { root, file } = treeAsCar();
  const helia = createHeliaLight({ blockstore: await createCarStore(bytesAccess(file)), hashers: [blake2b] });
  await helia.start();
  const store = fromBlockstore(helia.blockstore);
  const tree = await runAsync(loadHamt(root, bytesCodec, options), store);
  expect(await runAsync(tree.get(key(7)), store)).toEqual(value(7));
  runSync(tree.set(key(2000), value(8)), await createCarStore(bytesAccess(file)));
  await expect(tree.flushAsync(store)).rejects.toMatchObject({ code: "blockstore/read-only" });
  expect(await helia.blockstore.has(toCid(root))).toBe(true);
  await helia.stop();
});
