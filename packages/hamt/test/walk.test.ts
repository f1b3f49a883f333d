import { bytesCodec, type Codec, runSync } from "@copse/ipld";
import { isCopseError, latin1, utf8 } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { createHamt, type HamtOptions, loadHamt, textKeys } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

const forms: HamtOptions[] = [
  { version: 0 },
  { version: 3 },
  { version: 3, bitWidth: 2, minDataDepth: 1 },
  { version: 3, hash: "identity", bitWidth: 8, cachedNodes: 4 },
];
/** Lengths on both sides of each head of CBOR, and of what is copied by hand. */
const lengths = [0, 1, 7, 23, 24, 64, 65, 255, 256, 300];

describe.each(forms)("a walk through a HAMT of %o, all of it in memory", (options) => {
  const made = () => {
    const store = new MemoryStore();
    const tree = createHamt(bytesCodec, options);
    for (const [i, length] of lengths.entries()) {
      tree.setSync(
        utf8("x".repeat(length).replace("x", String.fromCharCode(65 + i))),
        new Uint8Array(lengths[lengths.length - 1 - i] as number).fill(i),
      );
    }
    for (let i = 0; i < 400; i++) tree.setSync(utf8(`key ${i}`), utf8(`${i * i}`), store);
    return { store, tree, order: [...tree.entries(store)] };
  };

  it("tells what the steps of a cursor tell, from any key and up to any limit", () => {
    const { store, tree, order } = made();
    expect(order.length).toBe(400 + lengths.length);
    for (let i = 0; i < order.length; i += 3) {
      for (const limit of [0, 1, 2, 50, 1000]) {
        const seen: (readonly [Uint8Array, Uint8Array])[] = [];
        const visit = (key: Uint8Array, value: Uint8Array): void => void seen.push([key, value]);
        const { visited, next } = runSync(tree.walk(visit, { from: order[i]?.[0], limit }), store);
        expect(seen).toEqual(order.slice(i, i + limit));
        expect(visited).toBe(seen.length);
        expect(next).toEqual(order[i + limit]?.[0]);
        const cursor = tree.cursor({ from: order[i]?.[0] });
        seen.length = 0;
        expect(runSync(cursor.walk(visit, { limit }), store)).toEqual({ visited, ...(next && { next }) });
        expect(seen).toEqual(order.slice(i, i + limit));
      }
    }
  });

  it("ends where the visitor says so", () => {
    const { store, tree, order } = made();
    for (const [i, [last]] of order.entries()) {
      let seen = 0;
      const visit = (key: Uint8Array): boolean => {
        seen++;
        return latin1(key) !== latin1(last);
      };
      expect(runSync(tree.walk(visit, { lendKeys: i % 2 === 0 }), store)).toEqual({ visited: i + 1 });
      expect(seen).toBe(i + 1);
      expect(runSync(tree.walk(visit, { from: last }), store)).toEqual({ visited: 1 });
    }
  });

  it("gives keys away that are the caller's to change", () => {
    const { store, tree, order } = made();
    for (let round = 0; round < 3; round++) {
      const seen: Uint8Array[] = [];
      runSync(
        tree.walk((key) => void seen.push(key)),
        store,
      );
      expect(seen).toEqual(order.map(([key]) => key));
      for (const key of seen) key.fill(0xff);
    }
  });

  it("tells each change that was made before it, and none that its visitor makes", () => {
    const { store, tree, order } = made();
    const expected = new Map(order.map(([key, value]) => [latin1(key), latin1(value)]));
    for (let round = 0; round < 6; round++) {
      const seen = new Map<string, string>();
      runSync(
        tree.walk((key, value) => {
          const name = latin1(key);
          seen.set(name, latin1(value));
          if (seen.size % 5 === round % 5) {
            tree.setSync(key, utf8(`${name.length} of ${round}`), store);
          } else if (seen.size % 7 === round) {
            tree.deleteSync(key, store);
          }
        }),
        store,
      );
      expect(seen).toEqual(expected);
      for (const [i, name] of [...seen.keys()].entries()) {
        if ((i + 1) % 5 === round % 5) expected.set(name, `${name.length} of ${round}`);
        else if ((i + 1) % 7 === round) expected.delete(name);
      }
      store.put(tree.flush().blocks);
    }
  });
});

describe("a walk", () => {
  it("goes on where a block has come, and fails where one is missing", () => {
    const store = new MemoryStore();
    const tree = createHamt(bytesCodec, { version: 3, keys: textKeys });
    for (let i = 0; i < 400; i++) tree.setSync(`${i}`, utf8(`${i}`));
    const { root, blocks } = tree.flush();
    store.put(blocks);
    const half = runSync(loadHamt(root, bytesCodec, { version: 3, keys: textKeys }), store);
    for (let i = 0; i < 10; i++) half.getSync(`${i}`, store);
    const seen: string[] = [];
    runSync(
      half.walk((key, value) => void seen.push(key, latin1(value))),
      store,
    );
    expect(seen).toEqual([...tree.entries(store)].flatMap(([key]) => [key, key]));
    const missing = () =>
      runSync(
        half.walk(() => undefined),
        { getSync: () => undefined },
      );
    expect(missing).toThrow(expect.objectContaining({ code: "host/block-missing" }));
  });

  it("tells a codec that reads less than a value, or past it, as if the value stood alone", () => {
    const tree = createHamt(bytesCodec, { version: 3 });
    for (let i = 0; i < 3; i++) tree.setSync(utf8(`${i}`), new Uint8Array(3));
    const { root, blocks } = tree.flush();
    const store = new MemoryStore();
    store.put(blocks);
    const read = (codec: Codec<unknown>): string => {
      try {
        runSync(
          runSync(loadHamt(root, codec, { version: 3 }), store).walk(() => undefined),
          store,
        );
      } catch (error) {
        if (isCopseError(error, "cbor/")) return error.code;
      }
      return "none";
    };
    const encode = (): void => undefined;
    expect(read({ encode, decode: () => 0 })).toBe("cbor/trailing-bytes");
    expect(read({ encode, decode: (reader) => [reader.bytes(), reader.skip()] })).toBe("cbor/cut");
  });
});
