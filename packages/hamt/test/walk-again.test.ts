import { type Codec, runSync } from "@copse/ipld";
import { latin1, utf8 } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { createHamt, type Hamt, type HamtOptions, intKeys, type KeyCodec, textKeys, uintKeys } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

/** Numbers, and how often they were decoded. */
function counted(): { codec: Codec<number>; decoded: () => number } {
  let count = 0;
  const decode: Codec<number>["decode"] = (reader) => {
    count++;
    return reader.safeInt();
  };
  return { codec: { encode: (writer, value) => void writer.int(value), decode }, decoded: () => count };
}

const forms: HamtOptions[] = [
  { version: 0 },
  { version: 3 },
  { version: 3, bitWidth: 2, minDataDepth: 1 },
  { version: 3, hash: "identity", bitWidth: 8 },
];
const store = new MemoryStore();

/** What walks tell, each walk in another way, is what `entries` tells. */
function expectSame<V, K>(tree: Hamt<V, K>, rounds: number): void {
  const order = [...tree.entries(store)].map(([key, value]) => `${nameOf(key)} ${value}`);
  for (let round = 0; round < rounds; round++) {
    const seen: string[] = [];
    const visit = (key: K, value: V): void => void seen.push(`${nameOf(key)} ${value}`);
    expect(runSync(tree.walk(visit, { lendKeys: round % 2 === 0 }), store)).toEqual({ visited: order.length });
    expect(seen).toEqual(order);
  }
}

const nameOf = (key: unknown): string => (key instanceof Uint8Array ? latin1(key) : String(key));

describe.each(forms)("walking a HAMT of %o again and again", (options) => {
  it("decodes each value twice and no more, and tells the same", () => {
    const { codec, decoded } = counted();
    const tree = createHamt(codec, options);
    for (let i = 0; i < 500; i++) tree.setSync(utf8(`key ${i}`), i - 250);
    for (const walks of [1, 2, 2, 2]) {
      let sum = 0;
      const visit = (_: Uint8Array, value: number): void => {
        sum += value;
      };
      runSync(tree.walk(visit), store);
      expect(sum).toBe(-250);
      expect(decoded()).toBe(500 * walks);
    }
    expectSame(tree, 4);
  });

  it("tells every key, of any length", () => {
    const { codec } = counted();
    const tree = createHamt(codec, options);
    const keyOf = (length: number): Uint8Array => utf8("kx".repeat(length).replace("k", `${length}`).slice(0, length));
    for (const length of [0, 1, 2, 3, 4, 5, 7, 8, 9, 23, 24, 31, 32, 33, 63, 64]) tree.setSync(keyOf(length), length);
    expectSame(tree, 6);
    for (const length of [65, 255, 256, 300]) tree.setSync(keyOf(length), length);
    expectSame(tree, 6);
  });

  it("tells what has changed since, in clones too", () => {
    const { codec } = counted();
    const tree = createHamt(codec, options);
    for (let i = 0; i < 300; i++) tree.setSync(utf8(`key ${i}`), i);
    expectSame(tree, 3);
    const clone = tree.clone();
    for (let i = 0; i < 300; i += 7) tree.setSync(utf8(`key ${i}`), -i);
    for (let i = 0; i < 300; i += 5) tree.deleteSync(utf8(`key ${i}`));
    expectSame(tree, 3);
    expectSame(clone, 3);
    tree.flush();
    for (let i = 0; i < 300; i += 3) clone.setSync(utf8(`key ${i}`), 100_000 * i);
    expectSame(clone, 3);
    expectSame(tree, 3);
  });

  it("starts and ends anywhere", () => {
    const { codec } = counted();
    const tree = createHamt(codec, options);
    for (let i = 0; i < 300; i++) tree.setSync(utf8(`key ${i}`), i);
    expectSame(tree, 3);
    const order = [...tree.entries(store)];
    for (let i = 0; i < order.length; i += 7) {
      for (const limit of [0, 1, 40, 300]) {
        const seen: unknown[] = [];
        const visit = (key: Uint8Array, value: number): void => void seen.push([key, value]);
        const { next } = runSync(tree.walk(visit, { from: order[i]?.[0], limit }), store);
        expect(seen).toEqual(order.slice(i, i + limit));
        expect(next).toEqual(order[i + limit]?.[0]);
      }
    }
  });

  it.each<[string, KeyCodec<unknown>, (i: number) => unknown]>([
    ["text", textKeys as KeyCodec<unknown>, (i) => `key ${i}`],
    ["unsigned numbers", uintKeys as KeyCodec<unknown>, (i) => BigInt(i * i)],
    ["signed numbers", intKeys as KeyCodec<unknown>, (i) => BigInt(1 - i) ** 3n],
    [
      "numbers below zero, as a link is put down",
      { encode: (key) => Uint8Array.of(1 - (key as number)), decode: ([byte]) => 1 - (byte as number) },
      (i) => 1 - (i % 256),
    ],
    ["objects", { encode: (key) => Uint8Array.from(key as number[]), decode: (bytes) => [...bytes] }, (i) => [i & 255]],
  ])("tells keys that are %s", (_, keys, keyOf) => {
    const { codec } = counted();
    const tree = createHamt(codec, { ...options, keys });
    for (let i = 0; i < 300; i++) tree.setSync(keyOf(i), i);
    expectSame(tree, 4);
  });
});

describe("walking a HAMT again and again", () => {
  it("makes values that can be changed anew each time", () => {
    const boxes: Codec<{ n: number }> = {
      encode: (writer, { n }) => void writer.uint(n),
      decode: (reader) => ({ n: reader.safeUint() }),
    };
    const tree = createHamt(boxes, { version: 3 });
    for (let i = 0; i < 100; i++) tree.setSync(utf8(`key ${i}`), { n: i });
    for (let round = 0; round < 4; round++) {
      let sum = 0;
      const visit = (_: Uint8Array, box: { n: number }): void => {
        sum += box.n;
        box.n = 1000;
      };
      runSync(tree.walk(visit, { lendKeys: true }), store);
      expect(sum).toBe(4950);
    }
  });

  it("tells values up to one that cannot be decoded, each time", () => {
    const { codec } = counted();
    const picky: Codec<number> = {
      ...codec,
      decode: (reader) => {
        const value = codec.decode(reader);
        if (value === 60) throw new RangeError("sixty");
        return value;
      },
    };
    const tree = createHamt(picky, { version: 3 });
    for (let i = 0; i < 100; i++) tree.setSync(utf8(`key ${i}`), i);
    const seen: number[] = [];
    for (let round = 0; round < 4; round++) {
      let count = 0;
      expect(() =>
        runSync(
          tree.walk(() => void count++),
          store,
        ),
      ).toThrow(RangeError);
      seen.push(count);
    }
    expect(new Set(seen).size).toBe(1);
  });
});
