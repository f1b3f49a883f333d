import { bytesCodec, runSync } from "@copse/ipld";
import { isCopseError, latin1, utf8 } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { createHamt, type HamtOptions, hamtRoot, loadHamt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

const forms: HamtOptions[] = [
  { version: 0 },
  { version: 3 },
  { version: 3, bitWidth: 2 },
  { version: 3, hash: "identity", bitWidth: 8 },
  { version: 3, bucketSize: 20, minDataDepth: 1 },
];

describe.each(forms)("a walk from a key through a HAMT of %o", (options) => {
  const keys = Array.from({ length: 300 }, (_, i) => utf8(`${i}`));
  const made = () => {
    const store = new MemoryStore();
    const flushed = hamtRoot(
      keys.map((key) => [key, key] as const),
      bytesCodec,
      options,
    );
    store.put(flushed.blocks);
    const tree = runSync(loadHamt(flushed.root, bytesCodec, options), store);
    return { store, tree, order: [...tree.entries(store)].map(([key]) => latin1(key)) };
  };

  it("starts at the key, or behind it", () => {
    const { store, tree, order } = made();
    expect(new Set(order).size).toBe(300);
    for (const [i, name] of order.entries()) {
      const from = [...tree.entries(store, { from: utf8(name) })].map(([key]) => latin1(key));
      expect(from).toEqual(order.slice(i));
      const after = [...tree.entries(store, { after: utf8(name) })].map(([key]) => latin1(key));
      expect(after).toEqual(order.slice(i + 1));
    }
  });

  it("goes page by page", () => {
    const { store, tree, order } = made();
    for (const limit of [1, 7, 300, 1000]) {
      const seen: string[] = [];
      let from: Uint8Array | undefined;
      for (;;) {
        const visit = (key: Uint8Array): void => void seen.push(latin1(key));
        const { visited, next } = runSync(tree.walk(visit, { from, limit }), store);
        expect(visited).toBeLessThanOrEqual(limit);
        if (next === undefined) break;
        expect(visited).toBe(limit);
        from = next;
      }
      expect(seen).toEqual(order);
    }
  });

  it("starts where a key that is not there would be", () => {
    const { store, tree, order } = made();
    const lengths = new Set<number>();
    for (let i = 0; i < 300; i++) {
      const found = [...tree.entries(store, { from: utf8(`none ${i}`) })].map(([key]) => latin1(key));
      expect(found).toEqual(order.slice(order.length - found.length));
      lengths.add(found.length);
    }
    expect(lengths.size).toBeGreaterThan(options.hash === "identity" ? 0 : 100);
  });

  it("refuses a key that is not there where it must be", () => {
    const { store, tree } = made();
    const fails = (key: string): boolean => {
      try {
        runSync(tree.cursor({ from: utf8(key), exact: true }).next(), store);
      } catch (error) {
        return isCopseError(error, "hamt/start-absent");
      }
      return false;
    };
    expect([fails("7"), fails("none"), fails("")]).toEqual([false, true, true]);
  });

  it("shows the tree as it was when the walk began", () => {
    const { store, tree, order } = made();
    const cursor = tree.cursor();
    const seen: string[] = [];
    for (const key of keys) runSync(tree.delete(key), store);
    for (let found = runSync(cursor.next(), store); found; found = runSync(cursor.next(), store)) {
      for (const [key, value] of found) {
        seen.push(latin1(key));
        expect(latin1(value)).toBe(latin1(key));
      }
      runSync(tree.set(utf8("7"), utf8("other")), store);
    }
    expect(seen).toEqual(order);
  });
});

describe("an empty HAMT", () => {
  it("has nothing to walk from anywhere", () => {
    const tree = createHamt(bytesCodec, { version: 3 });
    const store = new MemoryStore();
    expect([...tree.entries(store)]).toEqual([]);
    expect([...tree.entries(store, { from: utf8("a") })]).toEqual([]);
  });
});
