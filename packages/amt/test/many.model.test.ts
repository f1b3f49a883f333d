import { type Codec, runSync } from "@copse/ipld";
import { isCopseError, toHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { type Amt, type AmtOptions, createAmt, loadAmt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

const uint: Codec<number> = {
  encode: (writer, value) => void writer.uint(value),
  decode: (reader) => reader.safeUint(),
};

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A store that has its blocks but for the one that is asked for after so many others. */
class FailingStore {
  left: number;
  readonly #store: MemoryStore;

  constructor(store: MemoryStore, left: number) {
    this.#store = store;
    this.left = left;
  }

  getSync(cid: Uint8Array): Uint8Array | undefined {
    return this.left-- > 0 ? this.#store.getSync(cid) : undefined;
  }
}

const forms: AmtOptions[] = [
  { version: 0 },
  { version: 3, bitWidth: 1 },
  { version: 3, bitWidth: 2 },
  { version: 3, bitWidth: 5 },
];

describe.each(forms)("many at once in an AMT of %o", (options) => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "all take place or none, whichever block is missing, and give the tree of one after another: %s",
    (seed) => {
      const pick = random(seed * 7919);
      const store = new MemoryStore();
      const wide = pick(2) === 0 ? 40 : 3000;
      const made = createAmt(uint, options);
      const held = Array.from({ length: 1 + pick(40) }, () => pick(wide));
      for (const index of held) made.setSync(index, index);
      const { root } = flushTo(made, store);
      const kept = new Set(Array.from({ length: pick(3) }, () => held[pick(held.length)] as number));
      const gone = [...held.filter((index) => !kept.has(index)), pick(wide)];
      const put = Array.from({ length: 1 + pick(20) }, () => [pick(2 * wide), pick(9)] as const);

      const open = (): Amt<number> => runSync(loadAmt(root, uint, options), store);
      const changes: [
        (tree: Amt<number>, from: FailingStore | MemoryStore) => unknown,
        (tree: Amt<number>) => unknown,
      ][] = [
        [
          (tree, from) => runSync(tree.deleteMany(gone), from),
          (tree) => new Set(gone.filter((index) => tree.deleteSync(index, store))).size,
        ],
        [
          (tree, from) => runSync(tree.setMany(put), from),
          (tree) => {
            for (const [index, value] of put) tree.setSync(index, value, store);
          },
        ],
      ];
      for (const [many, oneByOne] of changes) {
        const expected = open();
        const answer = oneByOne(expected);
        for (let left = 0; ; left++) {
          const tree = open();
          tree.setSync(2 * wide + 1, 1, store); // a change not yet flushed
          tree.deleteSync(2 * wide + 1, store);
          const failing = new FailingStore(store, left);
          let failed = false;
          let done: unknown;
          try {
            done = many(tree, failing);
          } catch (error) {
            failed = isCopseError(error);
          }
          if (failed) expect(toHex(tree.clone().flush().root)).toBe(toHex(open().flush().root));
          if (failed) done = many(tree, store);
          expect(done).toBe(answer);
          expect([tree.count, tree.height]).toEqual([expected.count, expected.height]);
          expect(toHex(tree.flush().root)).toBe(toHex(expected.flush().root));
          if (!failed) break;
        }
      }
    },
  );

  it("values that cannot be encoded, and indexes that are none, leave all as it was", () => {
    const store = new MemoryStore();
    const tree = createAmt(uint, options);
    tree.setSync(1, 1);
    const { root } = flushTo(tree, store);
    expect(() =>
      runSync(
        tree.setMany([
          [2, 2],
          [3, -1],
        ]),
        store,
      ),
    ).toThrow();
    expect(() =>
      runSync(
        tree.setMany([
          [2, 2],
          [-1, 1],
        ]),
        store,
      ),
    ).toThrow(expect.objectContaining({ code: "amt/index-malformed" }));
    expect(() => runSync(tree.deleteMany([1, -1]), store)).toThrow();
    expect(toHex(tree.flush().root)).toBe(toHex(root));
  });
});

function flushTo(tree: Amt<number>, store: MemoryStore): ReturnType<Amt<number>["flush"]> {
  const flushed = tree.flush();
  store.put(flushed.blocks);
  return flushed;
}
