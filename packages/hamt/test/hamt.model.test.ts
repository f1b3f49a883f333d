import { sha256 } from "@copse/crypto";
import { bytesCodec, type CidBytes, type Fetching, runAsync, runSync } from "@copse/ipld";
import { isCopseError, latin1, toHex, utf8 } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { createHamt, type Hamt, type HamtOptions, hamtRoot, loadHamt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

const forms: HamtOptions[] = [
  { version: 2 },
  { version: 3 },
  { version: 3, bitWidth: 1 },
  { version: 3, bitWidth: 3 },
  { version: 3, bitWidth: 4, bucketSize: 1 },
  { version: 3, bitWidth: 6 },
  { version: 3, bitWidth: 7, bucketSize: 23 },
  { version: 3, bitWidth: 8 },
  { version: 3, bitWidth: 5, hash: "identity" },
  { version: 3, bitWidth: 5, minDataDepth: 2 },
  { version: 3, bitWidth: 8, minDataDepth: 1, hash: "identity" },
  { version: 3, hash: (key) => sha256(sha256(key)).slice(0, 9) },
  { version: 3, cachedNodes: 0 },
  { version: 3, bitWidth: 2, cachedNodes: 7 },
];

/** Keys that share prefixes, so that the identity hash makes deep trees. */
const keyOf = (n: number): Uint8Array => utf8(n % 3 === 0 ? `aaaaaaaaaaaa${n}` : `${n}`);

/** A store that now and then does not have what it has. */
class FailingStore extends MemoryStore {
  /** Of a hundred reads and writes, how many fail. */
  failing = 0;
  readonly #random: () => number;
  constructor(random: () => number) {
    super();
    this.#random = random;
  }
  override getSync(cid: CidBytes): Uint8Array | undefined {
    return this.#random() * 100 < this.failing ? undefined : super.getSync(cid);
  }
  putManySync(blocks: Iterable<readonly [CidBytes, Uint8Array]>): void {
    if (this.#random() * 100 < this.failing * 4) throw new Error("full");
    this.put(blocks);
  }
}

/** Runs steps until the store does not fail them. Each run is made anew, as a failed one must have changed nothing. */
function insist<T>(make: () => Fetching<T>, store: FailingStore): T {
  for (;;) {
    try {
      return runSync(make(), store);
    } catch (error) {
      if (!isCopseError(error, "host/block-missing")) throw error;
    }
  }
}

type Model = Map<string, readonly [Uint8Array, Uint8Array]>;
type Tree = Hamt<Uint8Array>;

/** Holds a tree against its model. */
function compare(tree: Tree, model: Model, options: HamtOptions, store: FailingStore): void {
  store.failing = 0;
  const held = [...tree.entries(store)].map(([key, value]) => `${latin1(key)} ${toHex(value)}`);
  expect(held.sort()).toEqual([...model].map(([name, [, value]]) => `${name} ${toHex(value)}`).sort());
  expect([...tree.keys(store)].length).toBe(model.size);
  expect([...tree.values(store)].length).toBe(model.size);
  const { root, blocks } = tree.clone().flush();
  store.put(blocks);
  expect(toHex(root)).toBe(toHex(hamtRoot(model.values(), bytesCodec, options).root));
}

function history(options: HamtOptions, seed: number, steps: number, range: number): void {
  const random = seeded(seed);
  const pick = (limit: number): number => Math.floor(random() * limit);
  const store = new FailingStore(random);
  const model: Model = new Map();
  let tree = createHamt(bytesCodec, options);
  for (let step = 0; step < steps; step++) {
    const key = keyOf(pick(range));
    const name = latin1(key);
    const known = model.get(name);
    const value = utf8(`value ${pick(3)}`.repeat(pick(20) === 0 ? 40 : 1));
    const action = pick(24) + (step > steps * 0.7 ? 3 : 0); // the end takes more away
    store.failing = seed % 3 === 0 ? 20 : 0;
    if (action < 8) {
      const changed = known === undefined || toHex(known[1]) !== toHex(value);
      expect(insist(() => tree.set(key, value), store)).toBe(changed);
      model.set(name, [key, value]);
    } else if (action < 10) {
      expect(insist(() => tree.setIfAbsent(key, value), store)).toBe(known === undefined);
      if (known === undefined) model.set(name, [key, value]);
    } else if (action < 13) {
      const got = insist(() => tree.get(key), store);
      expect(got && toHex(got)).toBe(known && toHex(known[1]));
      expect(insist(() => tree.has(key), store)).toBe(known !== undefined);
    } else if (action < 20) {
      expect(insist(() => tree.delete(key), store)).toBe(model.delete(name));
    } else if (action < 22) {
      const many = Array.from({ length: pick(8) }, () => keyOf(pick(range)));
      const there = new Set(many.map(latin1).filter((one) => model.has(one))).size;
      expect(insist(() => tree.deleteMany(many), store)).toBe(there);
      for (const one of many) model.delete(latin1(one));
    } else if (action < 24) {
      store.failing = 0;
      const clone = tree.clone();
      for (let i = 0; i < 5; i++) clone.setSync(keyOf(pick(range)), utf8("clone"), store);
      for (let i = 0; i < 5; i++) clone.deleteSync(keyOf(pick(range)), store);
      clone.flush();
      expect(tree.hasSync(key, store)).toBe(known !== undefined);
    } else {
      const root = flushed(tree, store);
      if (pick(3) === 0) compare(tree, model, options, store);
      if (pick(2) === 0) tree = insist(() => loadHamt(root, bytesCodec, options), store);
    }
  }
  compare(tree, model, options, store);
  for (const [key] of model.values()) expect(runSync(tree.delete(key), store)).toBe(true);
  expect(tree.isEmpty).toBe(true);
  expect(toHex(tree.flush().root)).toBe(toHex(createHamt(bytesCodec, options).flush().root));
}

/** Flushes until the store takes it. */
function flushed(tree: Tree, store: FailingStore): CidBytes {
  for (;;) {
    try {
      return tree.flushSync(store);
    } catch (error) {
      if ((error as Error).message !== "full") throw error;
    }
  }
}

describe.each(forms)("a HAMT of %o", (options) => {
  it("behaves as a Map through random histories, its root that of its entries alone", { timeout: 30_000 }, () => {
    for (let seed = 1; seed <= 12; seed++) history(options, seed, 250, seed % 2 === 0 ? 40 : 400);
  });

  it("has one root for a set of entries, in whatever order they came and whatever went", () => {
    const random = seeded(5);
    const entries = Array.from({ length: 150 }, (_, i) => [keyOf(i), utf8(`${i}`)] as const);
    const extra = Array.from({ length: 80 }, (_, i) => keyOf(1000 + i));
    const { root } = hamtRoot(entries, bytesCodec, options);
    for (let round = 0; round < 4; round++) {
      const steps = [
        ...entries.map((entry) => () => tree.setSync(...entry)),
        ...extra.map((key) => () => tree.setSync(key, key)),
      ];
      const tree = createHamt(bytesCodec, options);
      for (const step of steps.map((step) => [random(), step] as const).sort((a, b) => a[0] - b[0])) step[1]();
      expect(runSync(tree.deleteMany(extra), new MemoryStore())).toBe(80);
      expect(toHex(tree.flush().root)).toBe(toHex(root));
    }
  });

  it("walks the same over an asynchronous store, in order or several blocks at a time", async () => {
    const store = new MemoryStore();
    const entries = Array.from({ length: 500 }, (_, i) => [keyOf(i), utf8(`${i}`)] as const);
    const { root, blocks } = hamtRoot(entries, bytesCodec, options);
    store.put(blocks);
    const tree = await runAsync(loadHamt(root, bytesCodec, options), store);
    const order = [...tree.keys(store)].map(latin1);
    const inOrder: string[] = [];
    for await (const [key] of tree.entriesAsync(store)) inOrder.push(latin1(key));
    expect(inOrder).toEqual(order);
    const some: string[] = [];
    for await (const key of tree.keysAsync(store, { from: keyOf(7) })) some.push(latin1(key));
    expect(some).toEqual(order.slice(order.indexOf(latin1(keyOf(7)))));
    let values = 0;
    for await (const value of tree.valuesAsync(store)) values += value.length > 0 ? 1 : 0;
    expect(values).toBe(500);
    const together: string[] = [];
    for await (const [key] of tree.entriesAsync(store, { concurrency: 8 })) together.push(latin1(key));
    expect(together.sort()).toEqual(order.sort());
  });
});

describe("a bucket that a node becomes", () => {
  /** Four keys of one slot of the root whose slots below stand in another order than the keys. */
  function crossed(): Uint8Array[] {
    const bySlot = new Map<number, Uint8Array[]>();
    for (let n = 0; ; n++) {
      const key = utf8(`${n}`);
      const slot = (sha256(key)[0] as number) >> 3;
      const held = bySlot.get(slot) ?? [];
      bySlot.set(slot, held);
      held.push(key);
      if (held.length < 4) continue;
      const below = held
        .slice(-4)
        .map((one) => (((sha256(one)[0] as number) << 8) | (sha256(one)[1] as number)) & 0x7c0);
      if ((below[0] as number) > (below[1] as number) && new Set(below).size === 4) return held.slice(-4);
    }
  }

  it.each([
    [0, "as the slots stood"],
    [2, "sorted"],
    [3, "sorted"],
  ] as const)("is in version %i %s", (version, order) => {
    const store = new MemoryStore();
    const keys = crossed();
    const tree = createHamt(bytesCodec, { version });
    for (const key of keys) runSync(tree.set(key, key), store);
    runSync(tree.delete(keys[3] as Uint8Array), store);
    const { root, blocks } = tree.flush();
    expect(blocks.length).toBe(1);
    store.put(blocks);
    const read = [...runSync(loadHamt(root, bytesCodec, { version }), store).entries(store)].map(([key]) => toHex(key));
    expect(read.length).toBe(3);
    if (order === "sorted") expect(read).toEqual(read.toSorted());
    else expect(read).not.toEqual(read.toSorted());
  });
});
