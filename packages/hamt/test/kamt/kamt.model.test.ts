import { runAsync, runSync } from "@copse/ipld";
import { compareBytes, latin1, toHex } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { createKamt, diffKamt, type KamtOptions, kamtRoot, loadKamt } from "../../src/kamt/index.ts";
import { MemoryStore } from "../memory-store.ts";
import { byteForms, bytesKey, littleEndianKeys, numberCodec } from "./forms.ts";

interface Form<K> {
  readonly options: KamtOptions<K>;
  readonly keyOf: (n: number) => K;
}

const forms: Form<unknown>[] = [
  ...byteForms.map((options) => ({ options, keyOf: bytesKey })),
  ...[1, 5, 8].map((bitWidth) => ({ options: { keys: littleEndianKeys, bitWidth }, keyOf: (n: number) => n * 191 })),
] as never;

/** Order of keys in a walk: by bits, and by key in a bucket; with a bucket's worth of one entry, by bits alone. */
const hashesOf = (form: Form<unknown>, keys: unknown[]): string[] =>
  keys.map((key) => toHex(form.options.keys.hash(key)));

function history(form: Form<unknown>, seed: number, steps: number, range: number): void {
  const { options, keyOf } = form;
  const random = seeded(seed);
  const pick = (limit: number): number => Math.floor(random() * limit);
  const store = new MemoryStore();
  const model = new Map<number, number>();
  const entries = () => [...model].map(([n, value]) => [keyOf(n), value] as const);
  let tree = createKamt(numberCodec, options);
  let last = tree.flush().root;
  let lastModel = new Map(model);
  store.put(createKamt(numberCodec, options).flush().blocks);
  store.put(kamtRoot([], numberCodec, options).blocks);
  for (let step = 0; step < steps; step++) {
    const n = pick(range);
    const key = keyOf(n);
    const known = model.get(n);
    const action = pick(20) + (step > steps * 0.7 ? 3 : 0); // the end takes more away
    if (action < 8) {
      const value = pick(3);
      expect(runSync(tree.set(key, value), store)).toBe(known !== value);
      model.set(n, value);
    } else if (action < 9) {
      expect(runSync(tree.setIfAbsent(key, 9), store)).toBe(known === undefined);
      if (known === undefined) model.set(n, 9);
    } else if (action < 12) {
      expect(runSync(tree.get(key), store)).toBe(known);
      expect(runSync(tree.has(key), store)).toBe(known !== undefined);
    } else if (action < 19) {
      expect(runSync(tree.delete(key), store)).toBe(model.delete(n));
    } else {
      const { root, blocks } = tree.flush();
      store.put(blocks);
      expect(toHex(root)).toBe(toHex(kamtRoot(entries(), numberCodec, options).root));
      const changes = [...diffKamt(last, root, numberCodec, options).changes(store)];
      const seen = changes.map(({ key: changed, before, after }) => [hashesOf(form, [changed])[0], before, after]);
      expect(seen.sort()).toEqual(expectedChanges(form, lastModel, model));
      last = root;
      lastModel = new Map(model);
      if (pick(2) === 0) tree = runSync(loadKamt(root, numberCodec, options), store);
    }
  }
  const held = [...tree.entries(store)];
  expect(new Map(held.map(([key, value]) => [hashesOf(form, [key])[0], value]))).toEqual(
    new Map(entries().map(([key, value]) => [hashesOf(form, [key])[0], value])),
  );
  for (let i = 0; i < 10; i++) {
    const from = keyOf(pick(range));
    const rest = [...tree.entries(store, { from })].map(([key]) => key);
    const all = held.map(([key]) => key);
    const compare = options.keys.compare ?? ((a, b) => compareBytes(a as Uint8Array, b as Uint8Array));
    if (options.maxArrayWidth === 1 || options.keys.compare === undefined) {
      expect(rest).toEqual(all.filter((key) => compare(key, from) >= 0));
    } else {
      expect(rest).toEqual(all.slice(all.length - rest.length)); // buckets stand in another order than the tree
    }
    const after = [...tree.entries(store, { after: from })].map(([key]) => key);
    expect(after).toEqual(rest.filter((key) => compare(key, from) !== 0));
  }
  expect(runSync(tree.deleteMany([...model.keys()].map(keyOf)), store)).toBe(model.size);
  expect(tree.isEmpty).toBe(true);
  expect(toHex(tree.flush().root)).toBe(toHex(createKamt(numberCodec, options).flush().root));
}

function expectedChanges(form: Form<unknown>, before: Map<number, number>, after: Map<number, number>): unknown[] {
  const changes: unknown[][] = [];
  for (const n of new Set([...before.keys(), ...after.keys()])) {
    if (before.get(n) === after.get(n)) continue;
    changes.push([hashesOf(form, [form.keyOf(n)])[0], before.get(n), after.get(n)]);
  }
  return changes.sort();
}

describe.each(forms)("a KAMT of $options", (form) => {
  const { options, keyOf } = form;

  it("behaves as a Map through random histories, its root that of its entries alone", () => {
    for (let seed = 1; seed <= 12; seed++) history(form, seed, 300, seed % 2 === 0 ? 40 : 400);
  });

  it("walks and compares the same over an asynchronous store", async () => {
    const store = new MemoryStore();
    const entries = Array.from({ length: 500 }, (_, i) => [keyOf(i), i] as const);
    const { root, blocks } = kamtRoot(entries, numberCodec, options);
    store.put(blocks);
    const tree = await runAsync(loadKamt(root, numberCodec, options), store);
    const seen: number[] = [];
    for await (const [, value] of tree.entriesAsync(store)) seen.push(value);
    const atOnce: number[] = [];
    for await (const [, value] of tree.entriesAsync(store, { concurrency: 5 })) atOnce.push(value);
    expect(atOnce.sort()).toEqual(seen.toSorted());
    expect(seen.toSorted((a, b) => a - b)).toEqual(entries.map(([, value]) => value));
    for (let i = 0; i < 500; i += 50) await runAsync(tree.set(keyOf(i), 1000), store);
    await runAsync(tree.delete(keyOf(7)), store);
    const after = tree.flush();
    store.put(after.blocks);
    const inOrder = [...diffKamt(root, after.root, numberCodec, options).changes(store)];
    const changed: unknown[] = [];
    for await (const change of diffKamt(root, after.root, numberCodec, options).changesAsync(store, { concurrency: 4 }))
      changed.push(change);
    expect(changed.length).toBe(11);
    const byHash = (a: unknown, b: unknown) =>
      latin1(options.keys.hash((a as { key: unknown }).key)) < latin1(options.keys.hash((b as { key: unknown }).key))
        ? -1
        : 1;
    expect(changed.sort(byHash)).toEqual(inOrder.sort(byHash));
  });
});
