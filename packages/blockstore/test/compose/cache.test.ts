import { cidKey, rawCidOf } from "@copse/ipld";
import { seeded } from "@copse/testkit";
import { expect, it } from "vitest";
import { sampleBlock, sampleBlocks } from "../../src/compliance/rules.ts";
import { CacheTable } from "../../src/compose/cache-table.ts";
import { createBlockCache, createTracker } from "../../src/compose.ts";
import { asyncStoreOf, type BlockEntry, createMemoryBlockstore } from "../../src/index.ts";
import { holding, laterStore } from "./bases.ts";
import { GatedStore, turn } from "./gated.ts";

const [a, b] = sampleBlocks(1, 2) as [BlockEntry, BlockEntry];

it("reads a block of the base once, and counts", () => {
  const base = createTracker(holding([a]));
  const cache = createBlockCache(base.blocks, { maxBytes: 1 << 20 });
  for (let i = 0; i < 3; i++) expect(cache.blocks.getSync(a[0])).toEqual(a[1]);
  expect(cache.blocks.getSync(b[0])).toBeUndefined();
  expect(base.counts()).toMatchObject({ reads: 2, misses: 1 });
  expect(cache.stats()).toMatchObject({ hits: 2, misses: 2, absentHits: 0, blocks: 1 });
  expect(cache.blocks.hasSync(a[0])).toBe(true);
  expect(base.counts().looks).toBe(0);
  cache.forget(a[0]);
  cache.blocks.getSync(a[0]);
  expect(base.counts().reads).toBe(3);
  cache.clear();
  expect(cache.stats()).toMatchObject({ blocks: 0, bytes: 0 });
});

it("stays within its bytes, overhead and remembered keys included, whatever is read", () => {
  const random = seeded(1);
  const base = createMemoryBlockstore();
  const blocks = Array.from({ length: 500 }, (_, n) => sampleBlock(n, Math.floor(random() ** 4 * 20_000)));
  base.putManySync(blocks);
  const cache = createBlockCache(base, { maxBytes: 50_000, absent: { maxKeys: 10 } });
  for (let i = 0; i < 20_000; i++) {
    const [cid, bytes] = blocks[Math.floor(random() ** 2 * blocks.length)] as BlockEntry;
    if (i % 50 === 0) cache.blocks.deleteSync(cid);
    else if (i % 50 === 1) cache.blocks.putSync(cid, bytes);
    else cache.blocks.getSync(cid);
    expect(cache.stats().bytes).toBeLessThanOrEqual(50_000 + 10 * 200);
  }
  expect(cache.stats().evicted).toBeGreaterThan(1000);
});

it("keeps what is read often while a long walk goes by, where LRU would lose it", () => {
  const table = new CacheTable(100 * 1000);
  const block = new Uint8Array(298); // 1,000 B each with a key of 62 characters
  const key = (n: number): string => `often ${n}`.padEnd(62);
  const walked = (n: number): string => `once ${n}`.padEnd(62);
  const read = (name: string): boolean => {
    if (table.get(name) !== undefined) return true;
    table.put(name, block);
    return false;
  };
  for (let round = 0; round < 4; round++) for (let n = 0; n < 30; n++) read(key(n));
  let kept = 0;
  for (let n = 0; n < 100_000; n++) {
    read(walked(n));
    if (n % 100 === 0 && read(key((n / 100) % 30))) kept++; // each comes again after 3,000 others
  }
  expect(kept).toBe(1000);
});

it("does not keep a block that would take much of the room, nor a larger array than the block", () => {
  const cache = createBlockCache(createMemoryBlockstore(), { maxBytes: 40_000 });
  const large = new Uint8Array(20_000);
  cache.blocks.putSync(rawCidOf(large), large);
  cache.blocks.getSync(rawCidOf(large));
  expect(cache.stats().blocks).toBe(0);
  const chunk = new Uint8Array(1 << 20);
  chunk.set(a[1], 100);
  const view = asyncStoreOf({
    ...laterStore(),
    getBytes: async () => chunk.subarray(100, 100 + a[1].length),
    hasBytes: async () => true,
    putManyBytes: async () => {},
    deleteManyBytes: async () => {},
  });
  const viewing = createBlockCache(view, { maxBytes: 40_000 });
  return viewing.blocks
    .getBytes(a[0])
    .then(() => viewing.blocks.getBytes(a[0]))
    .then((bytes) => expect(bytes?.buffer.byteLength).toBe(a[1].length));
});

it("asks the base once for a block that many want at the same time", async () => {
  const gated = new GatedStore(holding([a, b]));
  const cache = createBlockCache(gated.blocks, { maxBytes: 1 << 20 });
  const reads = [cache.blocks.getBytes(a[0]), cache.blocks.getBytes(a[0]), cache.blocks.getManyBytes([b[0], a[0]])];
  await turn();
  expect(gated.waiting).toBe(2);
  await gated.passAll();
  expect(await Promise.all(reads)).toEqual([a[1], a[1], [b[1], a[1]]]);
  expect(cache.stats()).toMatchObject({ misses: 2, joined: 2, hits: 0 });
});

it("one who stops waiting does not stop the others; the last one does", async () => {
  const gated = new GatedStore(holding([a]));
  const cache = createBlockCache(gated.blocks, { maxBytes: 1 << 20 });
  const [first, second] = [new AbortController(), new AbortController()];
  const gone = cache.blocks.getBytes(a[0], { signal: first.signal });
  const stays = cache.blocks.getBytes(a[0], { signal: second.signal });
  await turn();
  first.abort();
  await expect(gone).rejects.toMatchObject({ code: "host/aborted" });
  await gated.passAll();
  expect(await stays).toEqual(a[1]);

  const only = new AbortController();
  cache.forget(a[0]);
  const last = cache.blocks.getBytes(a[0], { signal: only.signal });
  await turn();
  only.abort();
  await expect(last).rejects.toMatchObject({ code: "host/aborted" });
  await gated.passAll();
  expect(cache.stats().blocks).toBe(0); // the base was told, and gave nothing
  const anew = cache.blocks.getBytes(a[0]);
  await gated.passAll();
  expect(await anew).toEqual(a[1]);
});

it("passes a failure of the base to all who wait, and asks again the next time", async () => {
  let broken = true;
  const gate = async (): Promise<void> => {
    if (broken) throw new Error("broken");
  };
  const cache = createBlockCache(laterStore(holding([a]), gate), { maxBytes: 1 << 20 });
  const reads = await Promise.allSettled([cache.blocks.getBytes(a[0]), cache.blocks.getBytes(a[0])]);
  expect(reads.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  broken = false;
  expect(await cache.blocks.getBytes(a[0])).toEqual(a[1]);
});

it("a batch that fails while it also waits for another's read fails once", async () => {
  let failing = Promise.withResolvers<void>();
  const cache = createBlockCache(
    laterStore(holding([a, b]), () => failing.promise),
    { maxBytes: 1 << 20 },
  );
  const single = cache.blocks.getBytes(a[0]);
  const batch = cache.blocks.getManyBytes([a[0], b[0]]);
  const ends = [expect(single).rejects.toThrow("broken"), expect(batch).rejects.toThrow("broken")];
  await turn();
  failing.reject(new Error("broken"));
  await Promise.all(ends);
  failing = Promise.withResolvers();
  failing.resolve();
  expect(await cache.blocks.getManyBytes([a[0], b[0]])).toEqual([a[1], b[1]]);
});

it("a read that began before a deletion leaves nothing behind, nor does one that began during it", async () => {
  const gated = new GatedStore(holding([a]));
  const cache = createBlockCache(gated.blocks, { maxBytes: 1 << 20 });
  const before = cache.blocks.getBytes(a[0]);
  await turn();
  const deleting = cache.blocks.deleteManyBytes([a[0]]);
  const during = cache.blocks.getBytes(a[0]);
  await turn();
  await gated.pass(0);
  await gated.pass(1); // the second read is answered before the deletion lands
  await gated.pass();
  await deleting;
  expect([await before, await during]).toEqual([a[1], a[1]]);
  expect(cache.stats().blocks).toBe(0);
});

it("an answer that was given before a deletion and comes after it is neither kept nor given to those who ask then", async () => {
  const memory = holding([a]);
  const answers: (() => void)[] = [];
  const slow = asyncStoreOf({
    async getBytes(cid) {
      const bytes = memory.getSync(cid);
      await new Promise<void>((resolve) => answers.push(resolve));
      return bytes;
    },
    hasBytes: async (cid) => memory.hasSync(cid),
    putManyBytes: async (entries) => memory.putManySync(entries),
    deleteManyBytes: async (cids) => memory.deleteManySync(cids),
  });
  const cache = createBlockCache(slow, { maxBytes: 1 << 20 });
  const before = cache.blocks.getBytes(a[0]);
  await turn();
  await cache.blocks.deleteManyBytes([a[0]]);
  const afterwards = cache.blocks.getBytes(a[0]);
  await turn();
  for (const answer of answers) answer();
  expect([await before, await afterwards]).toEqual([a[1], undefined]);
  expect(cache.stats().blocks).toBe(0);
});

it("remembers what the base lacks, where asked to: until a put, for so long, so many", async () => {
  let now = 0;
  const base = createTracker(createMemoryBlockstore());
  const cache = createBlockCache(base.blocks, {
    maxBytes: 1 << 20,
    absent: { maxKeys: 2, forMs: 100, now: () => now },
  });
  const [c] = sampleBlock(3);
  const looked = (): number => base.counts().reads + base.counts().looks;
  for (let i = 0; i < 3; i++) expect(cache.blocks.getSync(a[0])).toBeUndefined();
  expect(cache.blocks.hasSync(a[0])).toBe(false);
  expect([looked(), cache.stats().absentHits]).toEqual([1, 2]);
  now = 100;
  cache.blocks.getSync(a[0]);
  expect(looked()).toBe(2);
  cache.blocks.getSync(b[0]);
  cache.blocks.getSync(c); // the oldest goes
  cache.blocks.getSync(a[0]);
  expect(looked()).toBe(5);
  cache.blocks.putSync(...a);
  expect(cache.blocks.getSync(a[0])).toEqual(a[1]);
});

it("an absence that was read while the block was being put is not remembered", async () => {
  const gated = new GatedStore();
  const cache = createBlockCache(gated.blocks, { maxBytes: 1 << 20, absent: { maxKeys: 10 }, keepPuts: false });
  const reading = cache.blocks.getBytes(a[0]);
  await turn();
  const putting = cache.blocks.putManyBytes([a]);
  await turn();
  await gated.passAll();
  await putting;
  expect(await reading).toBeUndefined();
  const again = cache.blocks.getBytes(a[0]);
  await gated.passAll();
  expect(await again).toEqual(a[1]);
});

it("keys are one-to-one with CIDs", () => {
  expect(new Set(sampleBlocks(1, 500).map(([cid]) => cidKey(cid))).size).toBe(500);
});
