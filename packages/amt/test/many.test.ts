import { bytesCodec, type Codec, runSync } from "@copse/ipld";
import { isCopseError, toHex, utf8 } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { type Amt, type AmtOptions, createAmt, loadAmt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

const v3: AmtOptions = { version: 3 };
const uint: Codec<number> = {
  encode: (writer, value) => void writer.uint(value),
  decode: (reader) => reader.safeUint(),
};
const top = 2n ** 64n - 2n;

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isCopseError(error)) return error.code;
    throw error;
  }
  return "none";
}

/** A tree of numbers at these indexes, loaded from a store that counts. */
function stored(
  indexes: Iterable<number | bigint>,
  options: AmtOptions = v3,
): { tree: Amt<number>; store: MemoryStore } {
  const store = new MemoryStore();
  const made = createAmt(uint, options);
  for (const index of indexes) made.setSync(index, Number(BigInt(index) % 1000n));
  const tree = runSync(loadAmt(made.flushSync(store), uint, options), store);
  store.reads = 0;
  return { tree, store };
}

const indexesOf = (tree: Amt<number>, store: MemoryStore): bigint[] => [...tree.entries(store)].map(([index]) => index);

describe("many at once", () => {
  it("sets a list, and entries in any order", () => {
    const tree = createAmt(uint, v3);
    runSync(tree.setMany([7, 8, 9].entries()), new MemoryStore());
    runSync(
      tree.setMany([
        [top, 1],
        [5n, 2],
      ]),
      new MemoryStore(),
    );
    expect([...tree.entries()]).toEqual([
      [0n, 7],
      [1n, 8],
      [2n, 9],
      [5n, 2],
      [top, 1],
    ]);
  });

  it("sets where there is nothing alone", () => {
    const { tree, store } = stored([3]);
    expect(runSync(tree.setIfAbsent(3, 9), store)).toBe(false);
    expect(runSync(tree.setIfAbsent(4, 9), store)).toBe(true);
    expect([tree.getSync(3), tree.getSync(4), tree.hasSync(4), tree.hasSync(5), tree.hasSync(500)]).toEqual([
      3,
      9,
      true,
      false,
      false,
    ]);
  });

  it("deletes what is there, in whatever order it is named", () => {
    const { tree, store } = stored([1, 2, 3, 100, 5000]);
    expect(runSync(tree.deleteMany([5000n, 1, 77, 1, 100]), store)).toBe(3);
    expect([indexesOf(tree, store), tree.height]).toEqual([[2n, 3n], 0]);
  });

  it("deletes all or none where that is asked", () => {
    const { tree, store } = stored([1, 2, 3, 100]);
    const strict = { strict: true };
    const root = toHex(tree.flush().root);
    expect(codeOf(() => runSync(tree.deleteMany([1, 4, 2], strict), store))).toBe("amt/index-missing");
    expect(codeOf(() => runSync(tree.deleteMany([1, 2, 1n], strict), store))).toBe("amt/index-missing");
    expect(codeOf(() => runSync(tree.deleteMany([1, -2], strict), store))).toBe("amt/index-malformed");
    expect(toHex(tree.flush().root)).toBe(root);
    expect(runSync(tree.deleteMany([100, 1], strict), store)).toBe(2);
    expect(runSync(tree.deleteMany([], strict), store)).toBe(0);
  });
});

describe("the outermost indexes", () => {
  it.each([
    [[], undefined, undefined],
    [[0], 0n, 0n],
    [[70, 8, 600], 8n, 600n],
    [[top, 2n ** 40n], 2n ** 40n, top],
  ] as const)("of %o are %s and %s", (indexes, first, last) => {
    const { tree, store } = stored(indexes);
    expect([runSync(tree.firstSetIndex(), store), runSync(tree.lastSetIndex(), store)]).toEqual([first, last]);
    expect(store.reads).toBeLessThanOrEqual(2 * tree.height);
  });
});

describe("a part of a tree", () => {
  const indexes = [1, 4, 5, 6, 10, 700, 701];

  it("is walked from an index, for so many values, up to the next", () => {
    const { tree, store } = stored(indexes);
    const seen: bigint[] = [];
    const walk = (range: object, until = Number.POSITIVE_INFINITY) => {
      seen.length = 0;
      return runSync(
        tree.walkRange((index) => seen.push(index) < until, range),
        store,
      );
    };
    expect([walk({ from: 4, limit: 3 }), seen]).toEqual([{ visited: 3, next: 10n }, [4n, 5n, 6n]]);
    expect([walk({ from: 7n, limit: 5 }), seen]).toEqual([{ visited: 3, next: undefined }, [10n, 700n, 701n]]);
    expect(walk({ limit: 0 })).toEqual({ visited: 0, next: 1n });
    expect(walk({ from: 702 })).toEqual({ visited: 0, next: undefined });
    expect(walk({ from: 2n ** 60n })).toEqual({ visited: 0, next: undefined });
    expect([walk({}, 4), seen]).toEqual([{ visited: 4, next: 10n }, [1n, 4n, 5n, 6n]]);
    expect(walk({}, 7)).toEqual({ visited: 7, next: undefined });
  });

  it("is taken up again where a cursor was left", () => {
    const { tree, store } = stored(indexes);
    const cursor = tree.cursor({ from: 4 });
    expect(cursor.position).toBe(4n);
    expect(runSync(cursor.next(), store)?.map(([index]) => index)).toEqual([4n, 5n, 6n]);
    const later = tree.cursor({ from: cursor.position });
    expect(runSync(later.next(), store)?.map(([index]) => index)).toEqual([10n]);
    expect(runSync(cursor.next(), store)?.map(([index]) => index)).toEqual([10n]);
    expect(runSync(cursor.next(), store)?.map(([index]) => index)).toEqual([700n, 701n]);
    expect(runSync(cursor.next(), store)).toBeUndefined();
    expect([cursor.position, runSync(cursor.next(), store)]).toEqual([undefined, undefined]);
  });

  it("ends at the largest index", () => {
    const { tree, store } = stored([top]);
    const cursor = tree.cursor({ from: top });
    expect(runSync(cursor.next(), store)).toEqual([[top, Number(top % 1000n)]]);
    expect(cursor.position).toBeUndefined();
    expect(stored([]).tree.cursor().position).toBe(0n);
  });

  it("has numbers for indexes where they are safe", () => {
    const safe = Number.MAX_SAFE_INTEGER;
    const { tree, store } = stored([1, safe]);
    const seen: number[] = [];
    runSync(
      tree.walkNumbers((index) => void seen.push(index)),
      store,
    );
    expect(seen).toEqual([1, safe]);
    tree.setSync(2n ** 53n, 0, store);
    const walk = tree.walkNumbers(() => undefined);
    expect(codeOf(() => runSync(walk, store))).toBe("amt/index-unsafe");
    runSync(
      tree.walkNumbers(() => false),
      store,
    );
  });
});

describe("a walk that changes", () => {
  it("puts values in the places of others, and keeps what it changed alone", () => {
    const { tree, store } = stored(Array.from({ length: 600 }, (_, i) => i));
    const double = (index: bigint, value: number, replace: (value: number) => void): void => {
      if (index % 200n === 1n) replace(value * 2);
    };
    runSync(tree.update(double), store);
    const reads = store.reads;
    expect([1, 201, 401, 300].map((index) => tree.getSync(index, store))).toEqual([2, 402, 802, 300]);
    expect(store.reads - reads).toBe(2); // neither the leaf of 300 nor the node above it was kept
    expect(tree.flush().blocks.length).toBe(3 + 3 + 1 + 1);
    const set = stored(Array.from({ length: 600 }, (_, i) => i)).tree;
    for (const index of [1, 201, 401]) set.setSync(index, 2 * index, store);
    expect(toHex(tree.flush().root)).toBe(toHex(set.flush().root));
    expect(tree.count).toBe(600n);
  });

  it("changes nothing where it replaces nothing, or with the same", () => {
    const { tree, store } = stored([1, 100, 1000]);
    runSync(
      tree.update((_, value, replace) => replace(value)),
      store,
    );
    runSync(
      tree.update(() => undefined),
      store,
    );
    expect(tree.flush().blocks).toEqual([]);
  });

  it("starts and stops where it is told, and may replace twice", () => {
    const { tree, store } = stored([1, 9, 100, 1000]);
    const visit = (index: bigint, _: number, replace: (value: number) => void): boolean => {
      replace(7);
      replace(8);
      return index < 100n;
    };
    runSync(tree.update(visit, { from: 2 }), store);
    expect([...tree.entries(store)].map(([, value]) => value)).toEqual([1, 8, 8, 0]);
  });

  it("leaves what it had changed when it throws", () => {
    const { tree, store } = stored([1, 9]);
    const visit = (index: bigint, _: number, replace: (value: number) => void): void => {
      if (index > 1n) throw new RangeError("enough");
      replace(5);
    };
    expect(() => runSync(tree.update(visit), store)).toThrow(RangeError);
    expect([...tree.entries(store)]).toEqual([
      [1n, 5],
      [9n, 9],
    ]);
  });
});

describe("a tree and its store", () => {
  it("has changes still where the store fails, now or later", async () => {
    const store = new MemoryStore();
    const tree = createAmt(bytesCodec, v3);
    for (let i = 0; i < 100; i++) tree.setSync(i, utf8(`${i}`));
    const full = (): never => {
      throw new RangeError("full");
    };
    expect(() => tree.flushSync({ putManySync: full })).toThrow(RangeError);
    await expect(tree.flushAsync({ putManyBytes: async () => full() })).rejects.toThrow(RangeError);
    const root = tree.flushSync(store);
    expect(store.blocks.size).toBe(16);
    expect([...runSync(loadAmt(root, bytesCodec, v3), store).entries(store)].length).toBe(100);
    tree.setSync(3, utf8("x"));
    const other = await tree.flushAsync(store);
    expect(toHex(other)).not.toBe(toHex(root));
    expect(store.blocks.size).toBe(16 + 3);
    expect(toHex(await tree.flushAsync({ putManyBytes: full }))).toBe(toHex(other)); // nothing to put
  });

  it("needs none for a tree in memory, and says what is missing", () => {
    const { tree } = stored([1, 100]);
    expect(codeOf(() => tree.getSync(1))).toBe("host/block-missing");
    expect(codeOf(() => tree.setSync(1, 1))).toBe("host/block-missing");
    expect(codeOf(() => tree.deleteSync(1))).toBe("host/block-missing");
    expect(codeOf(() => [...tree.entries()])).toBe("host/block-missing");
    expect([tree.getSync(5000), tree.deleteSync(5000)]).toEqual([undefined, false]);
  });

  it("has copies that go their own ways", () => {
    const { tree, store } = stored([1, 100]);
    tree.setSync(2, 2, store);
    const copy = tree.clone();
    copy.setSync(3, 3, store);
    tree.deleteSync(1, store);
    expect([indexesOf(tree, store), indexesOf(copy, store)]).toEqual([
      [2n, 100n],
      [1n, 2n, 3n, 100n],
    ]);
    expect([tree.count, copy.count]).toEqual([2n, 4n]);
    const again = runSync(loadAmt(copy.flushSync(store), uint, v3), store);
    expect(indexesOf(again, store)).toEqual([1n, 2n, 3n, 100n]);
  });

  it("may hand out the same array again and again", async () => {
    const { tree, store } = stored(Array.from({ length: 300 }, (_, i) => i));
    const root = tree.flush().root;
    const shared = new Uint8Array(1000);
    const reusing = {
      getSync: (cid: Uint8Array): Uint8Array => {
        const block = store.getSync(cid) as Uint8Array;
        shared.fill(0xff);
        shared.set(block);
        return shared.subarray(0, block.length);
      },
      getBytes: async (cid: Uint8Array): Promise<Uint8Array> => reusing.getSync(cid),
    };
    const again = runSync(loadAmt(root, uint, v3), reusing);
    const right = Array.from({ length: 300 }, (_, i) => [BigInt(i), i]);
    expect([...again.entries(reusing)]).toEqual(right);
    expect([again.getSync(9, reusing), again.getSync(299, reusing), again.getSync(9, reusing)]).toEqual([9, 299, 9]);
    const visited: unknown[] = [];
    runSync(
      again.walk((index, value) => {
        reusing.getSync(root); // what a visitor reads is in the way of what the walk has read
        visited.push([index, value]);
      }),
      reusing,
    );
    expect(visited).toEqual(right);
    expect(again.flush().blocks).toEqual([]);
  });
});

describe("many blocks at a time", () => {
  const { tree, store } = stored(Array.from({ length: 700 }, (_, i) => 3 * i));
  const right = Array.from({ length: 700 }, (_, i) => [BigInt(3 * i), (3 * i) % 1000]);

  /** Answers in an order of its own, and knows how many were asked at once. */
  function slow() {
    const state = { most: 0, now: 0, asked: 0, aborted: 0 };
    const getBytes = async (cid: Uint8Array, options?: { signal?: AbortSignal }): Promise<Uint8Array | undefined> => {
      state.asked++;
      state.most = Math.max(state.most, ++state.now);
      for (let turns = (cid[9] as number) % 7; turns >= 0; turns--) await Promise.resolve();
      state.now--;
      if (options?.signal?.aborted) state.aborted++;
      return store.getSync(cid);
    };
    return Object.assign(state, { getBytes });
  }

  it.each([1, 2, 5, 64])("gives the values in order, %i at most", async (concurrency) => {
    const source = slow();
    const seen: unknown[] = [];
    for await (const entry of tree.entriesAsync(source, { concurrency })) seen.push(entry);
    expect(seen).toEqual(right);
    expect(source.most).toBe(Math.min(concurrency, 64));
    expect(source.asked).toBe(store.blocks.size - 1); // all but the root
  });

  it("starts where it is told, and loads no more than that", async () => {
    const source = slow();
    const seen: unknown[] = [];
    for await (const entry of tree.entriesAsync(source, { concurrency: 8, from: 2000 })) seen.push(entry);
    expect(seen).toEqual(right.filter(([index]) => (index as bigint) >= 2000n));
    expect(source.asked).toBeLessThan(20);
  });

  it("asks for little more than is read, and stops with its reader", async () => {
    const source = slow();
    let seen = 0;
    for await (const _ of tree.entriesAsync(source, { concurrency: 4 })) if (++seen === 10) break;
    expect(source.asked).toBeLessThan(32);
  });

  it("stops when it is told", async () => {
    const abort = new AbortController();
    const read = async (): Promise<void> => {
      const never = { getBytes: () => new Promise<undefined>(() => {}) };
      queueMicrotask(() => abort.abort());
      for await (const _ of tree.entriesAsync(never, { concurrency: 4, signal: abort.signal }));
    };
    await expect(read()).rejects.toSatisfy((error) => isCopseError(error, "host/aborted"));
  });
});
