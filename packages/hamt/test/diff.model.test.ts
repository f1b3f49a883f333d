import { bytesCodec, type CidBytes, cidKey, type Fetching, runSync } from "@copse/ipld";
import { fromLatin1, latin1, toHex, utf8 } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { createHamt, diffHamt, type HamtChange, type HamtOptions, hamtRoot, loadHamt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

type Model = Map<string, string>;
type Change = HamtChange<Uint8Array>;

const forms: HamtOptions[] = [
  { version: 0 },
  { version: 2 },
  { version: 3 },
  { version: 3, bitWidth: 1 },
  { version: 3, bitWidth: 8 },
  { version: 3, hash: "identity", bitWidth: 3 },
  { version: 3, bucketSize: 1 },
  { version: 3, bitWidth: 4, minDataDepth: 2 },
];

/** Keys that share prefixes, so that the identity hash makes deep trees. */
const keyOf = (n: number): string => (n % 3 === 0 ? `aaaaaaaaaaaa${n}` : `${n}`);
const rootOf = (model: Model, options: HamtOptions, store: MemoryStore): CidBytes => {
  const entries = [...model].map(([key, value]) => [fromLatin1(key), utf8(value)] as const);
  const { root, blocks } = hamtRoot(entries, bytesCodec, options);
  store.put(blocks);
  return root;
};

/** A change as text, for comparing sets of them. */
const told = (change: Change): string => {
  const before = change.kind === "added" ? "" : toHex(change.before);
  const after = change.kind === "removed" ? "" : toHex(change.after);
  return `${change.kind} ${latin1(change.key)} ${before} ${after}`;
};

/** The changes by comparing everything. */
function expected(before: Model, after: Model): string[] {
  const all: string[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const was = before.get(key);
    const is = after.get(key);
    if (was === is) continue;
    const kind = was === undefined ? "added" : is === undefined ? "removed" : "changed";
    all.push(`${kind} ${key} ${toHex(utf8(was ?? ""))} ${toHex(utf8(is ?? ""))}`);
  }
  return all.sort();
}

function all(diff: { next(): Fetching<Change[] | undefined> }, store: MemoryStore): string[] {
  const found: string[] = [];
  for (;;) {
    const changes = runSync(diff.next(), store);
    if (changes === undefined) return found.sort();
    expect(changes.length).toBeGreaterThan(0);
    found.push(...changes.map(told));
  }
}

/** Blocks of a tree. */
function blocksOf(root: CidBytes, options: HamtOptions, store: MemoryStore): Set<string> {
  const read = new Set([cidKey(root)]);
  const counting = {
    getSync: (cid: CidBytes) => {
      read.add(cidKey(cid));
      return store.getSync(cid);
    },
  };
  const tree = runSync(loadHamt(root, bytesCodec, options), counting);
  runSync(
    tree.walk(() => true),
    counting,
  );
  return read;
}

describe.each(forms)("a diff of HAMTs of %o", (options) => {
  it("tells what comparing everything tells, and reads only blocks that one tree alone has", async () => {
    const random = seeded(7);
    const pick = (limit: number): number => Math.floor(random() * limit);
    for (let round = 0; round < 25; round++) {
      const store = new MemoryStore();
      const before: Model = new Map();
      const size = pick(round % 2 === 0 ? 400 : 12);
      for (let i = 0; i < size; i++) before.set(keyOf(pick(500)), `${pick(3)}`);
      const after = round === 7 ? new Map<string, string>() : new Map(before);
      for (let i = pick(round % 3 === 0 ? 3 : 60); i > 0; i--) {
        const key = keyOf(pick(500));
        if (pick(2) === 0) after.delete(key);
        else after.set(key, `${pick(3)}`);
      }
      const from = rootOf(before, options, store);
      const to = rootOf(after, options, store);
      const wanted = expected(before, after);

      const ofAfter = blocksOf(to, options, store);
      const shared = new Set([...blocksOf(from, options, store)].filter((key) => ofAfter.has(key)));
      const read: string[] = [];
      const counting = Object.assign(new MemoryStore(), {
        getSync: (cid: CidBytes) => {
          read.push(cidKey(cid));
          return store.getSync(cid);
        },
      });
      expect(all(diffHamt(from, to, bytesCodec, options), counting)).toEqual(wanted);
      // the same node may stand in the place of another one elsewhere, so identity as a hash repeats blocks
      if (options.hash !== "identity") expect(read.filter((key) => shared.has(key))).toEqual([]);
      if (options.hash !== "identity") expect(new Set(read).size).toBe(read.length);

      const parallel: string[] = [];
      for await (const change of diffHamt(from, to, bytesCodec, options).changesAsync(store, { concurrency: 3 })) {
        parallel.push(told(change));
      }
      expect(parallel.sort()).toEqual(wanted);
    }
  });

  it("compares trees with changes that are not flushed", () => {
    const random = seeded(8);
    const pick = (limit: number): number => Math.floor(random() * limit);
    const store = new MemoryStore();
    const before: Model = new Map();
    for (let i = 0; i < 300; i++) before.set(keyOf(pick(400)), `${pick(3)}`);
    const base = runSync(loadHamt(rootOf(before, options, store), bytesCodec, options), store);
    const tree = base.clone();
    const after = new Map(before);
    for (let i = 0; i < 40; i++) {
      const key = keyOf(pick(400));
      if (pick(2) === 0) {
        expect(runSync(tree.delete(fromLatin1(key)), store)).toBe(after.delete(key));
      } else {
        runSync(tree.set(fromLatin1(key), utf8(`${i % 3}`)), store);
        after.set(key, `${i % 3}`);
      }
      expect(all(tree.diff(base), store)).toEqual(expected(before, after));
    }
    expect(all(base.diff(tree), store)).toEqual(expected(after, before));
    expect(all(tree.diff(tree), store)).toEqual([]);
    expect(all(base.diff(createHamt(bytesCodec, options)), store)).toEqual(expected(new Map(), before));
  });
});
