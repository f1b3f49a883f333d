import { sha256 } from "@copse/crypto";
import { bytesCodec, runAsync, runSync } from "@copse/ipld";
import { latin1, toHex, utf8 } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { createHamt, type HamtOptions, hamtRoot, loadHamt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

const forms: HamtOptions[] = [
  { version: 2 },
  { version: 3 },
  { version: 3, bitWidth: 1 },
  { version: 3, bitWidth: 3 },
  { version: 3, bitWidth: 6 },
  { version: 3, bitWidth: 8 },
  { version: 3, bitWidth: 5, hash: "identity" },
];

/** Keys that share prefixes, so that the identity hash makes deep trees. */
const keyOf = (n: number): Uint8Array => utf8(n % 3 === 0 ? `aaaaaaaaaaaa${n}` : `${n}`);

function history(options: HamtOptions, seed: number, steps: number, range: number): void {
  const random = seeded(seed);
  const pick = (limit: number): number => Math.floor(random() * limit);
  const store = new MemoryStore();
  const model = new Map<string, readonly [Uint8Array, Uint8Array]>();
  let tree = createHamt(bytesCodec, options);
  for (let step = 0; step < steps; step++) {
    const key = keyOf(pick(range));
    const name = latin1(key);
    const known = model.get(name);
    const action = pick(20) + (step > steps * 0.7 ? 3 : 0); // the end takes more away
    if (action < 9) {
      const value = utf8(`value ${pick(3)}`);
      const changed = known === undefined || toHex(known[1]) !== toHex(value);
      expect(runSync(tree.set(key, value), store)).toBe(changed);
      model.set(name, [key, value]);
    } else if (action < 12) {
      const got = runSync(tree.get(key), store);
      expect(got && toHex(got)).toBe(known && toHex(known[1]));
      expect(runSync(tree.has(key), store)).toBe(known !== undefined);
    } else if (action < 19) {
      expect(runSync(tree.delete(key), store)).toBe(model.delete(name));
    } else {
      const { root, blocks } = tree.flush();
      store.put(blocks);
      expect(toHex(root)).toBe(toHex(hamtRoot(model.values(), bytesCodec, options).root));
      if (pick(2) === 0) tree = runSync(loadHamt(root, bytesCodec, options), store);
    }
  }
  const held = [...tree.entries(store)].map(([key, value]) => [latin1(key), toHex(value)]);
  expect(held.sort()).toEqual([...model].map(([name, [, value]]) => [name, toHex(value)]).sort());
  for (const [key] of model.values()) expect(runSync(tree.delete(key), store)).toBe(true);
  expect(tree.isEmpty).toBe(true);
  expect(toHex(tree.flush().root)).toBe(toHex(createHamt(bytesCodec, options).flush().root));
}

describe.each(forms)("a HAMT of %o", (options) => {
  it("behaves as a Map through random histories, its root that of its entries alone", () => {
    for (let seed = 1; seed <= 12; seed++) history(options, seed, 300, seed % 2 === 0 ? 40 : 400);
  });

  it("walks the same over an asynchronous store", async () => {
    const store = new MemoryStore();
    const entries = Array.from({ length: 500 }, (_, i) => [keyOf(i), utf8(`${i}`)] as const);
    const { root, blocks } = hamtRoot(entries, bytesCodec, options);
    store.put(blocks);
    const tree = await runAsync(loadHamt(root, bytesCodec, options), store);
    const seen = new Set<string>();
    for await (const [key] of tree.entriesAsync(store)) seen.add(latin1(key));
    expect(seen.size).toBe(500);
  });
});

describe("a bucket that a node becomes", () => {
  /** Four keys of one slot of the root whose slots below stand in another order than the keys. */
  function crossed(): Uint8Array[] {
    const bySlot = new Map<number, Uint8Array[]>();
    for (let n = 0; ; n++) {
      const key = utf8(`${n}`);
      const slot = (sha256(key)[0] as number) >> 3;
      const held = bySlot.get(slot) ?? [];
      bySlot.set(slot, held);
      held.push(key);
      if (held.length < 4) continue;
      const below = held
        .slice(-4)
        .map((one) => (((sha256(one)[0] as number) << 8) | (sha256(one)[1] as number)) & 0x7c0);
      if ((below[0] as number) > (below[1] as number) && new Set(below).size === 4) return held.slice(-4);
    }
  }

  it.each([
    [0, "as the slots stood"],
    [2, "sorted"],
    [3, "sorted"],
  ] as const)("is in version %i %s", (version, order) => {
    const store = new MemoryStore();
    const keys = crossed();
    const tree = createHamt(bytesCodec, { version });
    for (const key of keys) runSync(tree.set(key, key), store);
    runSync(tree.delete(keys[3] as Uint8Array), store);
    const { root, blocks } = tree.flush();
    expect(blocks.length).toBe(1);
    store.put(blocks);
    const read = [...runSync(loadHamt(root, bytesCodec, { version }), store).entries(store)].map(([key]) => toHex(key));
    expect(read.length).toBe(3);
    if (order === "sorted") expect(read).toEqual(read.toSorted());
    else expect(read).not.toEqual(read.toSorted());
  });
});
