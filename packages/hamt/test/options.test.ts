import { blake2b256 } from "@copse/crypto";
import { bytesCodec, type Codec, runSync } from "@copse/ipld";
import { isCopseError, latin1, utf8 } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { createHamt, type HamtOptions, hamtRoot, intKeys, loadHamt, textKeys, uintKeys } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

const numbers: Codec<number> = {
  encode: (writer, value) => void writer.uint(value),
  decode: (reader) => reader.safeUint(),
};
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (isCopseError(error)) return error.code;
    throw error;
  }
  return "none";
};
const store = new MemoryStore();

describe("keys of a type", () => {
  it("may be text", () => {
    const tree = createHamt(numbers, { version: 3, keys: textKeys });
    for (let i = 0; i < 300; i++) tree.setSync(`key ${i}`, i);
    expect(tree.getSync("key 42")).toBe(42);
    expect([...tree.keys(store)].includes("key 7")).toBe(true);
    const plain = hamtRoot(
      Array.from({ length: 300 }, (_, i) => [utf8(`key ${i}`), i] as const),
      numbers,
      { version: 3 },
    );
    expect(latin1(tree.flush().root)).toBe(latin1(plain.root));
    expect(codeOf(() => textKeys.decode(Uint8Array.of(0xff)))).toBe("hamt/key-malformed");
  });

  it("may be numbers, as the actors write them", () => {
    const unsigned = createHamt(numbers, { version: 3, keys: uintKeys });
    const signed = createHamt(numbers, { version: 3, keys: intKeys });
    const all = [0n, 1n, 127n, 128n, 2n ** 40n, 2n ** 63n - 1n];
    for (const key of all) {
      unsigned.setSync(key, 1);
      signed.setSync(key, 1);
      signed.setSync(-key - 1n, 2);
    }
    expect([...unsigned.keys(store)].sort()).toEqual(all.toSorted());
    expect([...signed.entries(store)].every(([key, value]) => (key < 0n ? 2 : 1) === value)).toBe(true);
    expect([...intKeys.encode(-1n)]).toEqual([1]);
    expect([...intKeys.encode(64n)]).toEqual([0x80, 1]);
    expect(codeOf(() => uintKeys.decode(Uint8Array.of(0x80)))).toBe("hamt/key-malformed");
    expect(codeOf(() => intKeys.decode(Uint8Array.of(1, 1)))).toBe("hamt/key-malformed");
  });
});

describe("options", () => {
  const bad: readonly (readonly [HamtOptions, string])[] = [
    [{ version: 3, bitWidth: 0 }, "hamt/bit-width-unsupported"],
    [{ version: 3, bitWidth: 9 }, "hamt/bit-width-unsupported"],
    [{ version: 3, bucketSize: 0 }, "hamt/option-out-of-range"],
    [{ version: 3, bucketSize: 24 }, "hamt/option-out-of-range"],
    [{ version: 3, minDataDepth: -1 }, "hamt/option-out-of-range"],
    [{ version: 3, minDataDepth: 52 }, "hamt/option-out-of-range"],
    [{ version: 3, cachedNodes: 0.5 }, "hamt/option-out-of-range"],
    [{ version: 3, hash: () => new Uint8Array(0) }, "hamt/hash-length"],
    [{ version: 3, hash: () => new Uint8Array(65) }, "hamt/hash-length"],
    [{ version: 3, hash: (key) => new Uint8Array(4 + (key.length & 1)) }, "none"],
  ];
  it.each(bad)("%o: %s", (options, code) => {
    expect(codeOf(() => createHamt(numbers, options))).toBe(code);
  });

  it("have a hash function of one's own, of one length", () => {
    const options: HamtOptions = { version: 3, hash: blake2b256 };
    const tree = createHamt(numbers, options);
    for (let i = 0; i < 300; i++) tree.setSync(utf8(`${i}`), i);
    const { root, blocks } = tree.flush();
    store.put(blocks);
    expect(runSync(loadHamt(root, numbers, options), store).getSync(utf8("7"), store)).toBe(7);
    const uneven = createHamt(numbers, { version: 3, hash: (key) => new Uint8Array(4 + (key.length & 1)) });
    expect(codeOf(() => uneven.setSync(utf8("a"), 1))).toBe("hamt/hash-length");
  });

  it("refuse to compare trees whose slots mean other keys", () => {
    const [a, b, c] = [5, 6, 5].map((bitWidth) => createHamt(numbers, { version: 3, bitWidth }));
    const other = createHamt(numbers, { version: 3, hash: "identity" });
    expect(codeOf(() => a?.diff(b as never))).toBe("hamt/layouts-differ");
    expect(codeOf(() => a?.diff(other))).toBe("hamt/layouts-differ");
    expect(codeOf(() => a?.diff(c as never))).toBe("none");
  });

  it("may differ in version between trees that are compared", () => {
    const [a, b] = ([0, 3] as const).map((version) => createHamt(numbers, { version }));
    for (let i = 0; i < 100; i++) {
      a?.setSync(utf8(`${i}`), i);
      b?.setSync(utf8(`${i}`), i === 5 ? 6 : i);
    }
    expect([...(b?.diff(a as never).changes(store) ?? [])]).toEqual([
      { kind: "changed", key: utf8("5"), before: 5, after: 6 },
    ]);
  });
});

describe("what a HAMT does not take", () => {
  it("is a key or a value that makes a node that nobody reads", () => {
    const tree = createHamt(bytesCodec, { version: 3 });
    expect(codeOf(() => tree.setSync(new Uint8Array((2 << 20) + 1), utf8("")))).toBe("hamt/key-too-long");
    expect(tree.setSync(new Uint8Array(2 << 20), utf8(""))).toBe(true);
    const raw: Codec<Uint8Array> = {
      encode: (writer, value) => void writer.raw(value),
      decode: (reader) => reader.skip(),
    };
    for (const value of ["", "01", "18", "1817", "0101", "61", "a1", "f9", "5f"]) {
      const bytes = Uint8Array.from(value.match(/../g) ?? [], (hex) => Number.parseInt(hex, 16));
      const one = codeOf(() => createHamt(raw, { version: 3 }).setSync(utf8("a"), bytes));
      const many = codeOf(() => hamtRoot([[utf8("a"), bytes]], raw, { version: 3 }));
      for (const code of [one, many]) expect([value, code.startsWith("cbor/")]).toEqual([value, value !== "01"]);
    }
  });

  it("is a batch of which one cannot be done", () => {
    const tree = createHamt(bytesCodec, { version: 3 });
    expect(runSync(tree.deleteMany([utf8("none")]), store)).toBe(0);
    tree.clear();
    expect(tree.isEmpty).toBe(true);
  });
});
