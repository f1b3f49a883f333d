import { bytesCodec, type CidBytes, cidKey, runAsync, runSync } from "@copse/ipld";
import { type AbortOptions, isCopseError, latin1, utf8 } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { createHamt, diffHamt, type HamtOptions, hamtRoot, loadHamt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

const v3: HamtOptions = { version: 3 };
const entriesOf = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => [utf8(`key ${from + i}`), utf8(`${from + i}`)] as const);
const first = hamtRoot(entriesOf(0, 2000), bytesCodec, v3);
const second = hamtRoot(entriesOf(1000, 3000), bytesCodec, v3);

/** A store that answers in turns, and counts how many reads are under way. */
class SlowStore extends MemoryStore {
  underWay = 0;
  most = 0;
  override async getBytes(cid: CidBytes, options: AbortOptions = {}): Promise<Uint8Array | undefined> {
    this.most = Math.max(this.most, ++this.underWay);
    for (let turn = 0; turn < 3; turn++) await Promise.resolve();
    this.underWay--;
    options.signal?.throwIfAborted();
    return this.getSync(cid);
  }
}

const filled = (): SlowStore => {
  const store = new SlowStore();
  store.put(first.blocks);
  store.put(second.blocks);
  return store;
};
const codeOf = async (run: Promise<unknown>): Promise<string> => {
  try {
    await run;
  } catch (error) {
    return isCopseError(error) ? error.code : String(error);
  }
  return "none";
};
const drain = async (all: AsyncIterable<unknown>): Promise<number> => {
  let count = 0;
  for await (const _ of all) count++;
  return count;
};

describe("several blocks at a time", () => {
  it.each([1, 2, 16])("has up to %i under way in a walk and in a diff", async (concurrency) => {
    const store = filled();
    const tree = await runAsync(loadHamt(first.root, bytesCodec, v3), store);
    expect(await drain(tree.entriesAsync(store, { concurrency }))).toBe(2000);
    expect(store.most).toBe(concurrency);
    store.most = 0;
    expect(await drain(diffHamt(first.root, second.root, bytesCodec, v3).changesAsync(store, { concurrency }))).toBe(
      2000,
    );
    expect([store.most, store.underWay]).toEqual([concurrency, 0]);
  });

  it("fails for a block that is missing, with none under way any more", async () => {
    const store = filled();
    store.blocks.delete(cidKey(first.blocks[7]?.[0] as CidBytes));
    const tree = await runAsync(loadHamt(first.root, bytesCodec, v3), store);
    expect(await codeOf(drain(tree.entriesAsync(store, { concurrency: 8 })))).toBe("host/block-missing");
    expect(await codeOf(drain(tree.entriesAsync(store)))).toBe("host/block-missing");
    expect(await codeOf((async () => [...tree.entries(store)])())).toBe("host/block-missing");
    const diff = diffHamt(first.root, second.root, bytesCodec, v3);
    expect(await codeOf(drain(diff.changesAsync(store, { concurrency: 8 })))).toBe("host/block-missing");
    expect(store.underWay).toBe(0);
  });

  it("stops when it is told to, and when its reader leaves", async () => {
    const store = filled();
    const tree = await runAsync(loadHamt(first.root, bytesCodec, v3), store);
    for (const concurrency of [1, 8]) {
      const abort = new AbortController();
      let seen = 0;
      const all = tree.entriesAsync(store, { concurrency, signal: abort.signal });
      const run = async (): Promise<void> => {
        for await (const _ of all) if (++seen === 300) abort.abort();
      };
      expect(await codeOf(run())).toBe("host/aborted");
      expect(seen).toBeLessThan(1000);
      for await (const _ of tree.entriesAsync(store, { concurrency })) break;
      expect(store.underWay).toBe(0);
      const reads = store.reads;
      await Promise.resolve();
      expect(store.reads).toBe(reads);
    }
  });
});

describe("changes side by side", () => {
  it("all take place, each at once", async () => {
    const store = filled();
    const tree = await runAsync(loadHamt(first.root, bytesCodec, v3), store);
    const sets = entriesOf(2000, 3000).map(([key, value]) => runAsync(tree.set(key, value), store));
    const deletes = entriesOf(0, 1000).map(([key]) => runAsync(tree.delete(key), store));
    const reads = entriesOf(0, 100).map(([key]) => runAsync(tree.get(key), store));
    expect((await Promise.all(sets)).every(Boolean)).toBe(true);
    expect((await Promise.all(deletes)).every(Boolean)).toBe(true);
    await Promise.all(reads);
    expect(latin1(tree.flush().root)).toBe(latin1(second.root));
  });
});

describe("a read under way", () => {
  it("does not bring back what was changed, flushed and let go meanwhile", () => {
    const store = filled();
    const tree = runSync(loadHamt(first.root, bytesCodec, { ...v3, cachedNodes: 0 }), store);
    for (const [key, value] of entriesOf(0, 200)) {
      const steps = tree.get(key);
      let step = steps.next();
      const wanted = step.value as CidBytes; // a child of the root
      tree.setSync(key, utf8("new"), store);
      store.put(tree.flush().blocks);
      while (step.done !== true) step = steps.next(store.getSync(step.value) as Uint8Array);
      expect(wanted.length).toBe(38);
      expect(["new", latin1(value)]).toContain(latin1(step.value as Uint8Array));
      expect(tree.getSync(key, store)).toEqual(utf8("new"));
    }
    tree.setSync(utf8("other"), utf8(""), store);
    const { root, blocks } = tree.flush();
    store.put(blocks);
    const read = runSync(loadHamt(root, bytesCodec, v3), store);
    for (const [key] of entriesOf(0, 200)) expect(read.getSync(key, store)).toEqual(utf8("new"));
  });
});

describe("a flush into a store", () => {
  it("puts new blocks, and keeps them as changes where the store fails", async () => {
    const store = filled();
    const tree = await runAsync(loadHamt(first.root, bytesCodec, v3), store);
    await runAsync(tree.set(utf8("new"), utf8("value")), store);
    const full = { putManyBytes: () => Promise.reject(new Error("full")) };
    expect(await codeOf(tree.flushAsync(full))).toBe("Error: full");
    const put: string[] = [];
    const root = await tree.flushAsync({
      putManyBytes: async (blocks) => {
        for (const [cid] of blocks) put.push(latin1(cid));
        store.put(blocks);
      },
    });
    expect(put.length).toBeGreaterThan(1);
    expect(put.at(-1)).toBe(latin1(root));
    expect(latin1(await tree.flushAsync(full))).toBe(latin1(root)); // nothing is left to put
    const read = runSync(loadHamt(root, bytesCodec, v3), store);
    expect(read.getSync(utf8("new"), store)).toEqual(utf8("value"));
  });
});

describe("a walk whose store fails", () => {
  it("goes on from where it was", () => {
    const store = filled();
    const tree = runSync(loadHamt(first.root, bytesCodec, v3), store);
    let fails = 0;
    const flaky = {
      getSync: (cid: CidBytes) => (fails++ % 3 === 0 ? undefined : store.getSync(cid)),
    };
    const cursor = tree.cursor({ from: utf8("key 77") });
    const seen: string[] = [];
    for (;;) {
      try {
        const found = runSync(cursor.next(), flaky);
        if (found === undefined) break;
        for (const [key] of found) seen.push(latin1(key));
      } catch (error) {
        expect(isCopseError(error, "host/block-missing")).toBe(true);
      }
    }
    expect(seen).toEqual([...tree.keys(store, { from: utf8("key 77") })].map(latin1));
  });
});

describe("a clone", () => {
  it("flushes what it shares with the tree, as the tree does", () => {
    const tree = createHamt(bytesCodec, v3);
    for (const [key, value] of entriesOf(0, 500)) tree.setSync(key, value);
    const clone = tree.clone();
    tree.deleteSync(utf8("key 7"));
    const [a, b] = [tree.flush(), clone.flush()];
    const store = new MemoryStore();
    store.put(b.blocks);
    expect(runSync(loadHamt(b.root, bytesCodec, v3), store).getSync(utf8("key 7"), store)).toEqual(utf8("7"));
    expect([...clone.entries(store)].length).toBe(500);
    const other = new MemoryStore();
    other.put(a.blocks);
    expect([...runSync(loadHamt(a.root, bytesCodec, v3), other).entries(other)].length).toBe(499);
  });
});
