import { bytesCodec, runAsync, runSync } from "@copse/ipld";
import { toHex, utf8 } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { type Amt, type AmtOptions, amtRoot, createAmt, loadAmt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

const forms: AmtOptions[] = [
  { version: 0 },
  { version: 3, bitWidth: 1 },
  { version: 3 },
  { version: 3, bitWidth: 4 },
  { version: 3, bitWidth: 5 },
  { version: 3, bitWidth: 7 },
];

/** What a tree is must depend on what it holds alone: the same values set into a new one give the same root. */
function rebuilt(model: Map<bigint, Uint8Array>, options: AmtOptions): string {
  const tree = createAmt(bytesCodec, options);
  for (const [index, value] of [...model].sort(() => -1)) runSync(tree.set(index, value), new MemoryStore());
  return toHex(tree.flush().root);
}

function history(options: AmtOptions, seed: number, steps: number): void {
  const random = seeded(seed);
  const pick = (limit: number): number => Math.floor(random() * limit);
  const store = new MemoryStore();
  const model = new Map<bigint, Uint8Array>();
  let tree: Amt<Uint8Array> = createAmt(bytesCodec, options);
  const top = options.version === 0 ? 2n ** 63n - 1n : 2n ** 64n - 2n;
  const index = (): bigint => {
    const kind = pick(10);
    if (kind < 6) return BigInt(pick(70));
    if (kind < 8) return BigInt(pick(5000));
    if (kind === 8) return 2n ** BigInt(pick(62)) + BigInt(pick(3));
    return top - BigInt(pick(20));
  };
  for (let step = 0; step < steps; step++) {
    const action = pick(20);
    if (action < 9) {
      const [at, value] = [index(), utf8(`value ${pick(40)}`)];
      model.set(at, value);
      runSync(tree.set(at <= 2n ** 53n && pick(2) === 0 ? Number(at) : at, value), store);
    } else if (action < 16) {
      const keys = [...model.keys()];
      const at = pick(4) === 0 ? index() : (keys[pick(keys.length)] ?? index());
      if (options.version === 0 && model.size === 1 && model.has(at)) continue; // keeps its height, see below
      expect(runSync(tree.delete(at), store)).toBe(model.delete(at));
    } else if (action < 18) {
      const at = index();
      const got = runSync(tree.get(at), store);
      expect(got && toHex(got)).toBe(model.has(at) ? toHex(model.get(at) as Uint8Array) : undefined);
    } else {
      const { root, blocks } = tree.flush();
      store.put(blocks);
      expect(toHex(root)).toBe(rebuilt(model, options));
      if (pick(2) === 0) tree = runSync(loadAmt(root, bytesCodec, options), store);
    }
    expect(tree.count).toBe(BigInt(model.size));
  }
  const start = index();
  const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1)).filter(([at]) => at >= start);
  expect([...tree.entries(store, { from: start })].map(([at, value]) => [at, toHex(value)])).toEqual(
    sorted.map(([at, value]) => [at, toHex(value)]),
  );
}

describe.each(forms)("an AMT of %o", (options) => {
  it("behaves as a Map through random histories", () => {
    for (let seed = 1; seed <= 25; seed++) history(options, seed, 160);
  });

  it("has the root of amtRoot for every length", () => {
    const store = new MemoryStore();
    const tree = createAmt(bytesCodec, options);
    const values: Uint8Array[] = [];
    for (let length = 0; length <= 600; length++) {
      if (length < 80 || length % 37 === 0 || (length > 510 && length < 515)) {
        const flushed = tree.flush();
        const dense = amtRoot(values, bytesCodec, options);
        expect(toHex(dense.root)).toBe(toHex(flushed.root));
        const all = new MemoryStore();
        all.put(dense.blocks);
        expect([...runSync(loadAmt(dense.root, bytesCodec, options), all).entries(all)].length).toBe(length);
      }
      const value = utf8(`${length}`);
      values.push(value);
      runSync(tree.set(length, value), store);
    }
  });

  it("walks the same over an asynchronous store", async () => {
    const store = new MemoryStore();
    const values = Array.from({ length: 300 }, (_, i) => utf8(`${i}`));
    const { root, blocks } = amtRoot(values, bytesCodec, options);
    store.put(blocks);
    const tree = await runAsync(loadAmt(root, bytesCodec, options), store);
    const seen: string[] = [];
    for await (const [, value] of tree.entriesAsync(store, { from: 290 })) seen.push(toHex(value));
    expect(seen).toEqual(values.slice(290).map(toHex));
  });
});

describe("an AMT that loses its last value", () => {
  const store = new MemoryStore();

  it("is the empty one again in version 3", () => {
    const tree = createAmt(bytesCodec, { version: 3 });
    const empty = toHex(createAmt(bytesCodec, { version: 3 }).flush().root);
    runSync(tree.set(1000, utf8("a")), store);
    runSync(tree.delete(1000), store);
    expect([tree.height, toHex(tree.flush().root)]).toEqual([0, empty]);
  });

  it("keeps its height in version 0, as go-amt-ipld 2 does", () => {
    const tree = createAmt(bytesCodec, { version: 0 });
    runSync(tree.set(1000, utf8("a")), store);
    runSync(tree.delete(1000), store);
    const { root, blocks } = tree.flush();
    expect([tree.height, tree.count]).toEqual([3, 0n]);
    expect(toHex(blocks.at(-1)?.[1] as Uint8Array)).toBe("8303008341008080");
    store.put(blocks);
    const loaded = runSync(loadAmt(root, bytesCodec, { version: 0 }), store);
    expect(loaded.height).toBe(3);
    runSync(loaded.set(1, utf8("b")), store);
    expect(loaded.height).toBe(3);
    runSync(loaded.set(2, utf8("c")), store);
    runSync(loaded.delete(2), store); // only a deletion lowers
    expect(loaded.height).toBe(0);
  });
});
