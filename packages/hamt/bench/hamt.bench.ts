import { createHamt, hamtRoot, loadHamt } from "@copse/hamt";
import { type CidBytes, type Codec, cidKey, runSync } from "@copse/ipld";
import { utf8 } from "@copse/primitives";
import { bench } from "@copse/testkit/bench";
import * as dagCbor from "@ipld/dag-cbor";
import { create, load } from "ipld-hashmap";
import type { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";

const v3 = { version: 3 } as const;
const numbers: Codec<number> = {
  encode: (writer, value) => void writer.uint(value),
  decode: (reader) => reader.safeUint(),
};
const hashmap = { blockCodec: dagCbor, blockHasher: sha256, hasher: sha256, bitWidth: 5, bucketSize: 3 };
const nothing = { getSync: () => undefined };
const textOf = (i: number): string => `key ${i}`;
const keyOf = (i: number): Uint8Array => utf8(textOf(i));

/** A loader of ipld-hashmap over a Map. */
function memory() {
  const blocks = new Map<string, Uint8Array>();
  return {
    blocks,
    get: async (cid: CID) => blocks.get(cid.toString()) as Uint8Array,
    put: async (cid: CID, bytes: Uint8Array) => void blocks.set(cid.toString(), bytes),
  };
}

await bench("hamt/build 1k-entries", {
  given: () => Array.from({ length: 1000 }, (_, i) => keyOf(i)),
  run: (keys) => {
    const tree = createHamt(numbers, v3);
    for (let i = 0; i < keys.length; i++) runSync(tree.set(keys[i] as Uint8Array, i), nothing);
    tree.flush();
    return keys.length;
  },
  unit: "entry",
  beside: {
    "copse hamtRoot": (keys) => {
      hamtRoot(
        keys.map((key, i) => [key, i] as const),
        numbers,
        v3,
      );
      return keys.length;
    },
    "ipld-hashmap": async (keys) => {
      const map = await create(memory(), hashmap as never);
      for (let i = 0; i < 1000; i++) await map.set(textOf(i), i as never);
      return keys.length;
    },
  },
  rounds: 3,
});

const size = 10_000;
const stored = async () => {
  const { root, blocks } = hamtRoot(
    Array.from({ length: size }, (_, i) => [keyOf(i), i] as const),
    numbers,
    v3,
  );
  const held = new Map(blocks.map(([cid, block]) => [cidKey(cid), block]));
  const store = { getSync: (cid: CidBytes) => held.get(cidKey(cid)) };
  const loader = memory();
  const map = await create(loader, hashmap as never);
  for (let i = 0; i < size; i++) await map.set(textOf(i), i as never);
  return { root, store, loader, cid: map.cid };
};

await bench("hamt/get 10k-entries cold", {
  given: stored,
  run: ({ root, store }) => {
    for (let i = 0; i < 100; i++) runSync(runSync(loadHamt(root, numbers, v3), store).get(keyOf(i * 97)), store);
    return 100;
  },
  beside: {
    "ipld-hashmap": async ({ loader, cid }) => {
      for (let i = 0; i < 100; i++) {
        const map = await load(loader, cid as never, hashmap as never);
        await map.get(textOf(i * 97));
      }
      return 100;
    },
  },
});

await bench("hamt/get 10k-entries warm", {
  given: async () => {
    const { root, store, loader, cid } = await stored();
    const tree = runSync(loadHamt(root, numbers, v3), store);
    for (let i = 0; i < size; i++) runSync(tree.get(keyOf(i)), store);
    return { tree, store, map: await load(loader, cid as never, hashmap as never) };
  },
  run: ({ tree, store }) => {
    for (let i = 0; i < 100; i++) runSync(tree.get(keyOf(i * 97)), store);
    return 100;
  },
  beside: {
    "ipld-hashmap": async ({ map }) => {
      for (let i = 0; i < 100; i++) await map.get(textOf(i * 97));
      return 100;
    },
  },
});

await bench("hamt/walk 10k-entries cold", {
  given: stored,
  run: ({ root, store }) => {
    let seen = 0;
    runSync(
      runSync(loadHamt(root, numbers, v3), store).walk(() => void seen++),
      store,
    );
    return seen;
  },
  unit: "entry",
  beside: {
    "ipld-hashmap": async ({ loader, cid }) => {
      let seen = 0;
      const map = await load(loader, cid as never, hashmap as never);
      for await (const _ of map.entries()) seen++;
      return seen;
    },
  },
});
