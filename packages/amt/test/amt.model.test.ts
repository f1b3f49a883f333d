import { bytesCodec, type CidBytes, runAsync, runSync } from "@copse/ipld";
import { isCopseError, toHex, utf8 } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { type Amt, type AmtOptions, amtRoot, createAmt, loadAmt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

/** A store that does not have a block once, after so many reads. */
class FailingStore extends MemoryStore {
  fuse = Number.POSITIVE_INFINITY;

  override getSync(cid: CidBytes): Uint8Array | undefined {
    return this.fuse-- === 0 ? undefined : super.getSync(cid);
  }
}

const forms: AmtOptions[] = [
  { version: 0 },
  { version: 3, bitWidth: 1 },
  { version: 3 },
  { version: 3, bitWidth: 4 },
  { version: 3, bitWidth: 5 },
  { version: 3, bitWidth: 7 },
  { version: 3, bitWidth: 12 },
];

/** What a tree is must depend on what it holds alone: the same values set into a new one give the same root. */
function rebuilt(model: Map<bigint, Uint8Array>, options: AmtOptions): string {
  const tree = createAmt(bytesCodec, options);
  for (const [index, value] of [...model].sort(() => -1)) runSync(tree.set(index, value), new MemoryStore());
  return toHex(tree.flush().root);
}

/** Does a step until the store lets it: what fails must have changed nothing. */
function stubborn<T>(tree: Amt<Uint8Array>, step: () => T): T {
  for (;;) {
    const [count, height] = [tree.count, tree.height];
    try {
      return step();
    } catch (error) {
      if (!isCopseError(error, "host/block-missing")) throw error;
      expect([tree.count, tree.height]).toEqual([count, height]);
    }
  }
}

function history(options: AmtOptions, seed: number, steps: number): void {
  const random = seeded(seed);
  const pick = (limit: number): number => Math.floor(random() * limit);
  const store = new FailingStore();
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
  const held = (): bigint => [...model.keys()][pick(model.size)] ?? index();
  const sorted = (): bigint[] => [...model.keys()].sort((a, b) => (a < b ? -1 : 1));
  for (let step = 0; step < steps; step++) {
    const action = pick(24);
    store.fuse = seed % 2 === 0 ? pick(30) : Number.POSITIVE_INFINITY;
    if (action < 9) {
      const [at, value] = [index(), utf8(`value ${pick(40)}`)];
      const key = at < 2n ** 53n && pick(2) === 0 ? Number(at) : at;
      if (pick(4) === 0) {
        expect(stubborn(tree, () => runSync(tree.setIfAbsent(key, value), store))).toBe(!model.has(at));
        if (!model.has(at)) model.set(at, value);
      } else {
        if (pick(2) === 0) stubborn(tree, () => runSync(tree.set(key, value), store));
        else stubborn(tree, () => tree.setSync(key, value, store));
        model.set(at, value);
      }
    } else if (action < 16) {
      const at = pick(4) === 0 ? index() : held();
      if (options.version === 0 && model.size === 1 && model.has(at)) continue; // keeps its height, see below
      const had = stubborn(tree, () => (pick(2) === 0 ? runSync(tree.delete(at), store) : tree.deleteSync(at, store)));
      expect(had).toBe(model.delete(at));
    } else if (action < 18) {
      const at = pick(2) === 0 ? index() : held();
      const got = stubborn(tree, () => (pick(2) === 0 ? runSync(tree.get(at), store) : tree.getSync(at, store)));
      expect(got && toHex(got)).toBe(model.has(at) ? toHex(model.get(at) as Uint8Array) : undefined);
      expect(stubborn(tree, () => tree.hasSync(at, store))).toBe(model.has(at));
    } else if (action === 18) {
      const outermost = stubborn(tree, () => [
        runSync(tree.firstSetIndex(), store),
        runSync(tree.lastSetIndex(), store),
      ]);
      expect(outermost).toEqual([sorted()[0], sorted().at(-1)]);
    } else if (action === 19 && options.version !== 0) {
      const some = [held(), held(), index(), held()];
      try {
        runSync(tree.deleteMany(some), store);
      } catch (error) {
        if (!isCopseError(error, "host/block-missing")) throw error;
        runSync(tree.deleteMany(some), store); // those before the failure are gone
      }
      for (const at of some) model.delete(at);
    } else if (action === 20) {
      const value = utf8(`changed ${pick(5)}`);
      const modulus = BigInt(1 + pick(9));
      stubborn(tree, () =>
        runSync(
          tree.update((at, _, replace) => void (at % modulus === 0n && replace(value))),
          store,
        ),
      );
      for (const at of model.keys()) if (at % modulus === 0n) model.set(at, value);
    } else if (action === 21) {
      const [from, limit] = [index(), pick(9)];
      const seen: bigint[] = [];
      const range = stubborn(tree, () => {
        seen.length = 0;
        return runSync(
          tree.walkRange((at) => void seen.push(at), { from, limit }),
          store,
        );
      });
      const right = sorted().filter((at) => at >= from);
      expect(seen).toEqual(right.slice(0, limit));
      expect(range).toEqual({ visited: seen.length, next: right[limit] });
    } else {
      const { root, blocks } = tree.flush();
      store.put(blocks);
      expect(toHex(root)).toBe(rebuilt(model, options));
      if (pick(2) === 0) tree = stubborn(tree, () => runSync(loadAmt(root, bytesCodec, options), store));
    }
    expect(tree.count).toBe(BigInt(model.size));
  }
  store.fuse = Number.POSITIVE_INFINITY;
  const start = index();
  const right = sorted().filter((at) => at >= start);
  expect([...tree.entries(store, { from: start })].map(([at, value]) => [at, toHex(value)])).toEqual(
    right.map((at) => [at, toHex(model.get(at) as Uint8Array)]),
  );
}

describe.each(forms)("an AMT of %o", (options) => {
  it("behaves as a Map through random histories", () => {
    const seeds = options.bitWidth === 12 ? 6 : 25; // wide nodes are slow to rebuild
    for (let seed = 1; seed <= seeds; seed++) history(options, seed, 160);
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
