import { type Codec, runSync } from "@copse/ipld";
import { latin1, utf8 } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { diffHamt, type HamtOptions, hamtRoot, loadHamt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

const numbers: Codec<number> = {
  encode: (writer, value) => void writer.uint(value),
  decode: (reader) => reader.safeUint(),
};
const v3: HamtOptions = { version: 3 };
const size = 50_000;
const keys = Array.from({ length: size }, (_, i) => utf8(`key ${i}`));
const { root, blocks } = hamtRoot(
  keys.map((key, i) => [key, i] as const),
  numbers,
  v3,
);

const filled = (): MemoryStore => {
  const store = new MemoryStore();
  store.put(blocks);
  return store;
};

/** Blocks of which the tree has something in memory, by what it need not read again. */
function kept(read: () => void, store: MemoryStore): number {
  const before = store.reads;
  read();
  return blocks.length - (store.reads - before);
}

describe("a HAMT of 50 000 entries", () => {
  it("is walked reading each block once and keeping none", () => {
    const store = filled();
    const tree = runSync(loadHamt(root, numbers, v3), store);
    const walk = (): void => {
      let sum = 0;
      expect(
        runSync(
          tree.walk((_, value) => {
            sum += value;
          }),
          store,
        ).visited,
      ).toBe(size);
      expect(sum).toBe((size * (size - 1)) / 2);
    };
    for (let round = 0; round < 2; round++) expect(kept(walk, store)).toBe(1); // the root
  });

  it("lends keys to a walk that asks for it", () => {
    const store = filled();
    const tree = runSync(loadHamt(root, numbers, v3), store);
    const arrays = new Set<Uint8Array>();
    const names = new Set<string>();
    runSync(
      tree.walk(
        (key) => {
          arrays.add(key);
          names.add(latin1(key));
        },
        { lendKeys: true },
      ),
      store,
    );
    expect([arrays.size, names.size]).toEqual([5, size]); // "key 0" to "key 49999": one array a length
  });

  it("keeps what it loads, or as much of it as it was told", () => {
    for (const [limit, least, most] of [
      [undefined, blocks.length, blocks.length],
      [0, 1, 1],
      [100, 30, 101],
    ] as const) {
      const store = filled();
      const tree = runSync(loadHamt(root, numbers, { ...v3, cachedNodes: limit }), store);
      for (let i = 0; i < size; i += 7) expect(tree.getSync(keys[i] as Uint8Array, store)).toBe(i);
      if (limit === undefined) for (const key of keys) tree.hasSync(key, store);
      const left = kept(
        () =>
          runSync(
            tree.walk(() => true),
            store,
          ),
        store,
      );
      expect(left).toBeGreaterThanOrEqual(least);
      expect(left).toBeLessThanOrEqual(most);
    }
  });

  it("keeps the nodes that are used, where it may not keep all", () => {
    const store = filled();
    const tree = runSync(loadHamt(root, numbers, { ...v3, cachedNodes: 300 }), store);
    const often = keys.slice(0, 20);
    let reads = 0;
    for (let i = 0; i < 5000; i++) {
      tree.getSync(keys[(i * 7919) % size] as Uint8Array, store);
      const before = store.reads;
      for (const key of often) tree.getSync(key, store);
      reads += store.reads - before;
    }
    expect(reads).toBeLessThan(20 * 5000 * 0.05);
  });

  it("keeps changes whatever the limit, until they are flushed", () => {
    const store = filled();
    const tree = runSync(loadHamt(root, numbers, { ...v3, cachedNodes: 0 }), store);
    for (let i = 0; i < 2000; i++) tree.setSync(keys[i] as Uint8Array, i + 1, store);
    const plain = runSync(loadHamt(root, numbers, v3), store);
    for (let i = 0; i < 2000; i++) plain.setSync(keys[i] as Uint8Array, i + 1, store);
    const flushed = tree.flush();
    expect(flushed.blocks.length).toBe(plain.flush().blocks.length);
    expect(latin1(flushed.root)).toBe(latin1(plain.flush().root));
    store.put(flushed.blocks);
    expect(tree.getSync(keys[5] as Uint8Array, store)).toBe(6);
  });

  it("is compared reading only what differs", () => {
    const store = filled();
    const tree = runSync(loadHamt(root, numbers, v3), store);
    tree.setSync(keys[77] as Uint8Array, 5, store);
    const { root: after, blocks: fresh } = tree.flush();
    store.put(fresh);
    const reads = store.reads;
    expect([...diffHamt(root, after, numbers, v3).changes(store)]).toEqual([
      { kind: "changed", key: keys[77], before: 77, after: 5 },
    ]);
    expect(store.reads - reads).toBe(2 * fresh.length);
    expect([...diffHamt(root, root, numbers, v3).changes(new MemoryStore())]).toEqual([]);
  });
});
