import { fromHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { type CidBytes, cidOf, runSync, toCid } from "../../src/index.ts";
import { DagDiff, type DagDiffOptions, formatDagJson, resolvePath } from "../../src/walk/index.ts";
import { codeOf, codeOfAsync, createTestStore } from "./blocks.ts";

const store = createTestStore();
const shown = (value: Uint8Array | undefined): string => (value === undefined ? "" : formatDagJson(value));
const diff = (a: unknown, b: unknown, options?: DagDiffOptions): string[] =>
  Array.from(new DagDiff(store.value(a), store.value(b), options).changes(store), ({ path, before, after }) => {
    return `${path.join("/")}: ${shown(before)} > ${shown(after)}`;
  });
const link = (value: unknown): unknown => toCid(store.value(value));

describe("DagDiff", () => {
  it("tells what is added, removed and changed, by its path", () => {
    expect(diff({ a: 1, b: [1, 2], c: 3 }, { a: 1, b: [1, 3, 4], d: 5 })).toEqual([
      "c: 3 > ",
      "d:  > 5",
      "b/2:  > 4",
      "b/1: 2 > 3",
    ]);
    expect(diff(1, [1])).toEqual([": 1 > [1]"]);
    expect(diff([1], [1])).toEqual([]);
    expect(diff({ a: [1] }, { a: { x: 1 } })).toEqual(['a: [1] > {"x":1}']);
  });

  it("goes through links, and loads no block that both have", () => {
    const big = link([1, 2, 3]);
    const before = store.value([link({ x: 1 }), big, link(7)]);
    const after = store.value([link({ x: 2 }), big, 7]);
    store.asked.length = 0;
    const changes = [...new DagDiff(before, after).changes(store)];
    expect(changes.map(({ path }) => path.join("/"))).toEqual(["0/x", "2"]);
    expect(store.asked).toHaveLength(4);
    expect(store.asked).not.toContain(String(big));
    for (const { path, before: value } of changes) {
      expect(runSync(resolvePath(before, path, { followLast: false }), store).value).toEqual(value);
    }
  });

  it("compares a pair of blocks once", () => {
    const one = Array.from({ length: 4 }, () => link({ x: 1 }));
    const two = Array.from({ length: 4 }, () => link({ x: 2 }));
    expect(diff(one, two)).toEqual(["0/x: 1 > 2"]);
    let [a, b] = [link(1), link(2)];
    for (let i = 0; i < 60; i++) [a, b] = [link([a, a]), link([b, b])]; // 2^60 ways to the difference
    expect(diff([a], [b])).toHaveLength(1);
  });

  it("blocks that are no CBOR are told as they are", () => {
    const [a, b] = [store.raw(Uint8Array.of(1)), store.raw(Uint8Array.of(2))];
    const [change] = new DagDiff(store.value([toCid(a)]), store.value([toCid(b)])).changes(store);
    expect(change).toEqual({ path: ["0"], before: Uint8Array.of(1), after: Uint8Array.of(2), isCbor: false });
  });

  it("keys that are no text are shown, and tags passed over", () => {
    const [a, b] = [store.raw(fromHex("a201c1018102f6"), 0x71), store.raw(fromHex("a201c1028102f5"), 0x71)];
    const paths = Array.from(new DagDiff(a, b).changes(store), ({ path }) => path);
    expect(paths).toEqual([["1"], ["[2]"]]);
  });

  it("answers later too", async () => {
    const changes: string[][] = [];
    const [a, b] = [store.value([link(1), 2]), store.value([link(2), 3])];
    for await (const { path } of new DagDiff(a, b).changesAsync(store)) changes.push([...path]);
    expect(changes).toEqual([["0"], ["1"]]);
    const aborted = (async () => {
      for await (const _ of new DagDiff(a, b).changesAsync(store, { signal: AbortSignal.abort() }));
    })();
    expect(await codeOfAsync(() => aborted)).toBe("host/aborted");
  });

  it("is bounded, and names what is missing or malformed", () => {
    const of = (a: CidBytes, b: CidBytes, limits = {}): string =>
      codeOf(() => [...new DagDiff(a, b, { limits }).changes(store)]);
    const [a, b] = [store.value([link([1])]), store.value([link([2])])];
    expect(of(a, b)).toBe("accepted");
    expect(of(a, b, { maxBlocks: 1 })).toBe("walk/too-many-blocks");
    expect(of(a, b, { maxDepth: 1 })).toBe("walk/too-deep");
    expect(of(a, b, { maxBlockBytes: 3 })).toBe("walk/block-too-large");
    expect(of(a, cidOf(Uint8Array.of(99)))).toBe("host/block-missing");
    expect(of(a, store.raw(fromHex("82ff"), 0x71))).toBe("walk/block-malformed");
  });
});
