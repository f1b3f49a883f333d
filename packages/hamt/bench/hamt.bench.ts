// The table of README.md: `npm run bench -- hamt`. Sizes past 1k: `COPSE_BENCH_SIZES=1k,100k,1M`.
import { installFastest } from "@copse/crypto/fastest";
import { createHamt, diffHamt, type Hamt, hamtRoot, loadHamt } from "@copse/hamt";
import { type CidBytes, type Codec, cidKey, runSync } from "@copse/ipld";
import { utf8 } from "@copse/primitives";
import { bench } from "@copse/testkit/bench";
import * as dagCbor from "@ipld/dag-cbor";
import { create, load } from "ipld-hashmap";
import type { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
import { converted } from "./converted.ts";

await installFastest();

const v3 = { version: 3 } as const;
const numbers: Codec<number> = {
  encode: (writer, value) => void writer.uint(value),
  decode: (reader) => reader.safeUint(),
};
const hashmap = { blockCodec: dagCbor, blockHasher: sha256, hasher: sha256, bitWidth: 5, bucketSize: 3 } as never;
const nothing = { getSync: () => undefined };
/** Entries of a large tree that ipld-hashmap is made to read: it takes half a minute for a million. */
const sample = 50_000;
const textOf = (i: number): string => `key ${i}`;
const sizes = (process.env["COPSE_BENCH_SIZES"] ?? "1k,100k").split(",");
const countOf = (size: string): number => Number(size.replace("k", "000").replace("M", "000000"));

/** A loader of ipld-hashmap over a Map. */
class Loader {
  readonly blocks: Map<string, Uint8Array>;
  constructor(blocks: Map<string, Uint8Array> = new Map()) {
    this.blocks = blocks;
  }
  async get(cid: CID): Promise<Uint8Array> {
    return this.blocks.get(cid.toString()) as Uint8Array;
  }
  async put(cid: CID, bytes: Uint8Array): Promise<void> {
    this.blocks.set(cid.toString(), bytes);
  }
}

function stored(count: number) {
  const keys = Array.from({ length: count }, (_, i) => utf8(textOf(i)));
  const entries = keys.map((key, i) => [key, i] as const);
  const flushed = hamtRoot(entries, numbers, v3);
  const { root, blocks } = flushed;
  const held = new Map(blocks.map(([cid, block]) => [cidKey(cid), block]));
  const store = { getSync: (cid: CidBytes) => held.get(cidKey(cid)) };
  const open = (): Hamt<number> => runSync(loadHamt(root, numbers, v3), store);
  /** A hundred keys all over the tree. */
  const some = Array.from({ length: 100 }, (_, i) => (i * 7919) % count);
  return { count, keys, entries, flushed, root, held, store, open, some };
}

function warm(given: ReturnType<typeof stored>): Hamt<number> {
  const tree = given.open();
  for (const key of given.keys) tree.hasSync(key, given.store);
  return tree;
}

for (const size of sizes) {
  const count = countOf(size);
  const rounds = count > 10_000 ? 3 : 5;
  const ours = stored(count);
  const { cid, blocks } = await converted(ours.flushed);
  const loader = new Loader(blocks);
  const reopen = () => load(loader, cid as never, hashmap);
  const among = ours.some.map(textOf);

  await bench(`hamt/set ${size}-entries warm`, {
    given: () => ours.keys,
    run: (keys) => {
      const tree = createHamt(numbers, v3);
      for (let i = 0; i < keys.length; i++) tree.setSync(keys[i] as Uint8Array, i);
      tree.flush();
      return keys.length;
    },
    unit: "entry",
    beside: {
      "copse hamtRoot": () => {
        hamtRoot(ours.entries, numbers, v3);
        return count;
      },
      "copse by steps": (keys) => {
        const tree = createHamt(numbers, v3);
        for (let i = 0; i < keys.length; i++) runSync(tree.set(keys[i] as Uint8Array, i), nothing);
        tree.flush();
        return keys.length;
      },
      "ipld-hashmap": async () => {
        const map = await create(new Loader(), hashmap);
        const some = Math.min(count, 2000);
        for (let i = 0; i < some; i++) await map.set(textOf(i), i as never);
        return some;
      },
    },
    rounds,
  });

  await bench(`hamt/set ${size}-entries cold`, {
    given: () => ours,
    run: ({ open, some, keys, store }) => {
      const tree = open();
      for (const i of some) tree.setSync(keys[i] as Uint8Array, i + 1, store);
      tree.flush();
      return some.length;
    },
    beside: {
      "ipld-hashmap": async () => {
        const map = await reopen();
        for (const key of among) await map.set(key, 5 as never);
        return among.length;
      },
    },
    rounds,
  });

  await bench(`hamt/get ${size}-entries cold`, {
    given: () => ours,
    run: ({ open, some, keys, store }) => {
      for (const i of some) open().getSync(keys[i] as Uint8Array, store);
      return some.length;
    },
    beside: {
      "ipld-hashmap": async () => {
        for (const key of among) await (await reopen()).get(key);
        return among.length;
      },
    },
    rounds,
  });

  const all = warm(ours);
  const map = await reopen();
  await bench(`hamt/get ${size}-entries warm`, {
    given: () => ours,
    run: ({ some, keys }) => {
      for (const i of some) all.getSync(keys[i] as Uint8Array);
      return some.length;
    },
    beside: {
      "copse by steps": ({ some, keys }) => {
        for (const i of some) runSync(all.get(keys[i] as Uint8Array), nothing);
        return some.length;
      },
      "ipld-hashmap": async () => {
        for (const key of among) await map.get(key);
        return among.length;
      },
    },
    rounds,
  });

  for (const temperature of ["cold", "warm"] as const) {
    await bench(`hamt/delete ${size}-entries ${temperature}`, {
      given: () => ours,
      run: ({ open, some, keys, store }) => {
        const tree = temperature === "cold" ? open() : all.clone();
        for (const i of some) tree.deleteSync(keys[i] as Uint8Array, store);
        tree.flush();
        return some.length;
      },
      beside: {
        "ipld-hashmap": async () => {
          const map = await reopen();
          for (const key of among) await map.delete(key);
          return among.length;
        },
      },
      rounds,
    });

    await bench(`hamt/iterate ${size}-entries ${temperature}`, {
      given: () => ours,
      run: ({ open, store }) => {
        let sum = 0;
        const tree = temperature === "cold" ? open() : all;
        for (const [, value] of tree.entries(store)) sum += value;
        return sum > 0 ? count : 0;
      },
      unit: "entry",
      beside: {
        "copse walk": ({ open, store }) => {
          let sum = 0;
          const visit = (_: Uint8Array, value: number): void => {
            sum += value;
          };
          runSync((temperature === "cold" ? open() : all).walk(visit), store);
          return sum > 0 ? count : 0;
        },
        "copse lent keys": ({ open, store }) => {
          let sum = 0;
          const visit = (_: Uint8Array, value: number): void => {
            sum += value;
          };
          runSync((temperature === "cold" ? open() : all).walk(visit, { lendKeys: true }), store);
          return sum > 0 ? count : 0;
        },
        "ipld-hashmap": async () => {
          let seen = 0;
          const map = await reopen();
          for await (const _ of map.entries()) if (++seen === sample) break;
          return seen;
        },
      },
      rounds,
    });
  }

  // ipld-hashmap has no diff: what a user would do is read both trees
  await bench(`hamt/diff ${size}-entries cold`, {
    given: async () => {
      const tree = ours.open();
      const some = Array.from({ length: Math.max(1, count / 100) }, (_, i) => (i * 7919) % count);
      for (const i of some) tree.setSync(ours.keys[i] as Uint8Array, i + 1, ours.store);
      const { root: after, blocks } = tree.flush();
      for (const [cid, block] of blocks) ours.held.set(cidKey(cid), block);
      const other = await converted({ root: after, blocks: [...ours.flushed.blocks, ...blocks] });
      for (const [key, block] of other.blocks) loader.blocks.set(key, block);
      return { after, other: other.cid as never, changed: some.length };
    },
    run: ({ after }) => {
      let seen = 0;
      for (const _ of diffHamt(ours.root, after, numbers, v3).changes(ours.store)) seen++;
      return seen;
    },
    unit: "change",
    beside: {
      "ipld-hashmap": async ({ other, changed }) => {
        const before = new Map<string, unknown>();
        for await (const [key, value] of (await reopen()).entries()) {
          before.set(String.fromCharCode(...(key as unknown as Uint8Array)), value);
          if (before.size === sample) break;
        }
        let [seen, differ] = [0, 0];
        for await (const [key, value] of (await load(loader, other, hashmap)).entries()) {
          if (before.get(String.fromCharCode(...(key as unknown as Uint8Array))) !== value) differ++;
          if (++seen === sample) break;
        }
        return differ > 0 ? (changed * seen) / count : 0;
      },
    },
    rounds: 3,
  });
}
