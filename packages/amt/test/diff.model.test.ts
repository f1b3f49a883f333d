import { bytesCodec, runAsync, runSync } from "@copse/ipld";
import { isCopseError, toHex, utf8 } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { type Amt, type AmtChange, type AmtOptions, createAmt, diffAmt, loadAmt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

const forms: AmtOptions[] = [
  { version: 0 },
  { version: 3, bitWidth: 1 },
  { version: 3 },
  { version: 3, bitWidth: 5 },
  { version: 3, bitWidth: 11 },
];

type Model = Map<bigint, string>;

const shown = ({ index, before, after }: AmtChange<Uint8Array>): string =>
  `${index}: ${before && toHex(before)} ${after && toHex(after)}`;

function expected(before: Model, after: Model): string[] {
  const indexes = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => (a < b ? -1 : 1));
  const hex = (text: string | undefined): string | undefined => (text === undefined ? undefined : toHex(utf8(text)));
  return indexes
    .filter((index) => before.get(index) !== after.get(index))
    .map((index) => `${index}: ${hex(before.get(index))} ${hex(after.get(index))}`);
}

/** Two trees of which one came from the other, or not, and what they hold. */
function pair(options: AmtOptions, seed: number) {
  const random = seeded(seed);
  const pick = (limit: number): number => Math.floor(random() * limit);
  const store = new MemoryStore();
  const models: [Model, Model] = [new Map(), new Map()];
  const top = options.version === 0 ? 2n ** 63n - 1n : 2n ** 64n - 2n;
  const reach = [9, 70, 3000][pick(3)] as number;
  const index = (): bigint => (pick(30) === 0 ? top - BigInt(pick(20)) : BigInt(pick(reach)));
  const change = (tree: Amt<Uint8Array>, model: Model, times: number): void => {
    for (let i = 0; i < times; i++) {
      const keys = [...model.keys()];
      const at = pick(3) === 0 ? (keys[pick(keys.length)] ?? index()) : index();
      if (pick(3) === 0) {
        tree.deleteSync(at, store);
        model.delete(at);
      } else {
        const value = `value ${pick(9)}`;
        tree.setSync(at, utf8(value), store);
        model.set(at, value);
      }
    }
  };
  const before = createAmt(bytesCodec, options);
  change(before, models[0], pick(200));
  if (pick(2) === 0) before.flushSync(store);
  const related = pick(4) > 0;
  const after = related ? before.clone() : createAmt(bytesCodec, options);
  if (related) models[1] = new Map(models[0]);
  change(after, models[1], pick(related ? 20 : 200));
  if (pick(8) === 0) {
    for (const at of models[1].keys()) after.deleteSync(at, store);
    models[1].clear();
  }
  if (pick(2) === 0) after.flushSync(store);
  return { store, before, after, models };
}

describe.each(forms)("the diff of two AMTs of %o", (options) => {
  it("is that of two maps, however it is taken", async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { store, before, after, models } = pair(options, seed);
      const right = expected(...models);
      expect([...diffAmt(before, after).changes(store)].map(shown)).toEqual(right);
      const [a, b] = [before.flushSync(store), after.flushSync(store)];
      const again = runSync(loadAmt(a, bytesCodec, options), store);
      const changed = runSync(loadAmt(b, bytesCodec, options), store);
      const walked: string[] = [];
      await runAsync(
        diffAmt(again, changed).walk((change) => void walked.push(shown(change))),
        store,
      );
      expect(walked).toEqual(right);
      const ahead: string[] = [];
      for await (const change of diffAmt(again, changed).changesAsync(store, { concurrency: 7 })) {
        ahead.push(shown(change));
      }
      expect(ahead).toEqual(right);
      expect([...diffAmt(changed, again).changes(store)].length).toBe(right.length);
    }
  });

  it("loads nothing where there is no difference, and otherwise the ways to it alone", () => {
    const store = new MemoryStore();
    const one = createAmt(bytesCodec, options);
    for (let i = 0; i < 5000; i++) one.setSync(i, utf8(`${i}`));
    const root = one.flushSync(store);
    const load = (): Amt<Uint8Array> => runSync(loadAmt(root, bytesCodec, options), store);
    const [before, same, other] = [load(), load(), load()];
    store.reads = 0;
    expect([...diffAmt(before, same).changes(store)]).toEqual([]);
    expect(store.reads).toBe(0);
    other.setSync(4000, utf8("other"), store);
    const changed = runSync(loadAmt(other.flushSync(store), bytesCodec, options), store);
    store.reads = 0;
    expect([...diffAmt(before, changed).changes(store)].map(shown)).toEqual([
      `4000: ${toHex(utf8("4000"))} ${toHex(utf8("other"))}`,
    ]);
    expect(store.reads).toBe(2 * before.height);
  });

  it("loads nothing of a tree that has only grown above", () => {
    const store = new MemoryStore();
    const before = createAmt(bytesCodec, options);
    for (let i = 0; i < 100; i++) before.setSync(i, utf8(`${i}`));
    before.flushSync(store);
    const after = before.clone();
    after.setSync(2n ** 40n, utf8("far"), store);
    const grown = runSync(loadAmt(after.flushSync(store), bytesCodec, options), store);
    store.reads = 0;
    expect([...diffAmt(before, grown).changes(store)].map(({ index }) => index)).toEqual([2n ** 40n]);
    // the way to the new value, and the way down to where the old root hangs
    expect(store.reads).toBe(grown.height + Math.max(0, grown.height - before.height - 1));
    expect(before.flush().blocks).toEqual([]);
    before.setSync(2n ** 40n, utf8("far"), store);
    expect(toHex(before.flush().root)).toBe(toHex(after.flush().root));
  });
});

describe("a diff", () => {
  it("is of trees of one width", () => {
    const tree = (bitWidth: number) => createAmt(bytesCodec, { version: 3, bitWidth });
    expect(() => diffAmt(tree(3), tree(4))).toThrow(expect.objectContaining({ code: "amt/bit-widths-differ" }));
  });

  it("tells what was lost where a tree grew past the place of all it had", () => {
    // the references pass over it: the first child of the taller root is missing
    const [before, after] = [createAmt(bytesCodec, { version: 3 }), createAmt(bytesCodec, { version: 3 })];
    before.setSync(1, utf8("a"));
    after.setSync(1000, utf8("b"));
    const changes = [...diffAmt(before, after).changes(new MemoryStore())];
    expect(changes.map(({ index }) => index)).toEqual([1n, 1000n]);
  });

  it("stops where its reader does", () => {
    const { store, before, after } = pair({ version: 3 }, 3);
    let seen = 0;
    runSync(
      diffAmt(before, after).walk(() => ++seen < 2),
      store,
    );
    expect(seen).toBe(2);
  });

  it("fails at a missing block, in its order", async () => {
    const options: AmtOptions = { version: 3 };
    const store = new MemoryStore();
    const tree = createAmt(bytesCodec, options);
    for (let i = 0; i < 512; i++) tree.setSync(i, utf8(`${i}`));
    const { root, blocks } = tree.flush();
    store.put(blocks.filter((_, i) => i !== 20));
    const whole = runSync(loadAmt(root, bytesCodec, options), store);
    const seen: bigint[] = [];
    const read = async (): Promise<void> => {
      for await (const { index } of diffAmt(createAmt(bytesCodec, options), whole).changesAsync(store, {
        concurrency: 32,
      })) {
        seen.push(index);
      }
    };
    await expect(read()).rejects.toSatisfy((error) => isCopseError(error, "host/block-missing"));
    expect(seen.length).toBeGreaterThan(100);
    expect(seen).toEqual(seen.map((_, i) => BigInt(i)));
  });
});
