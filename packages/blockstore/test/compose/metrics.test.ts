import { expect, it } from "vitest";
import { sampleBlocks } from "../../src/compliance/rules.ts";
import { type BlockstoreMetrics, blockstoreCounters, createBlockCache, createWriteBuffer } from "../../src/compose.ts";
import { type BlockEntry, createMemoryBlockstore } from "../../src/index.ts";
import { createRemoteStore } from "../../src/remote.ts";
import { holding, laterStore } from "./bases.ts";

const [a, b, c] = sampleBlocks(1, 3) as [BlockEntry, BlockEntry, BlockEntry];

/** Adds up what is counted, by name and label. */
function adding(): { counts: Record<string, number>; metrics: BlockstoreMetrics } {
  const counts: Record<string, number> = {};
  const count: BlockstoreMetrics["count"] = (name, by, label) => {
    expect(label === undefined).toBe(blockstoreCounters[name].label === undefined);
    const key = label === undefined ? name : `${name} ${label}`;
    counts[key] = (counts[key] ?? 0) + by;
  };
  return { counts, metrics: { count } };
}

it("counts reads of a cache as its statistics do", async () => {
  const { counts, metrics } = adding();
  const cache = createBlockCache(laterStore(holding([a, b, c])), { maxBytes: 4000, absent: { maxKeys: 9 }, metrics });
  await Promise.all([cache.blocks.getBytes(a[0]), cache.blocks.getBytes(a[0])]);
  await cache.blocks.getManyBytes([a[0], b[0], c[0], ...sampleBlocks(10, 20).map(([cid]) => cid)]);
  await cache.blocks.getBytes(sampleBlocks(29, 1)[0]?.[0] as Uint8Array);
  const { hits, absentHits, misses, joined, evicted } = cache.stats();
  const reads = "copse_blockstore_cache_reads_total";
  expect([`${reads} hit`, `${reads} absent`, `${reads} miss`, `${reads} joined`].map((key) => counts[key])).toEqual([
    hits,
    absentHits,
    misses,
    joined,
  ]);
  expect([hits, absentHits, misses, joined, evicted]).toEqual([1, 1, 23, 1, 0]);
});

it("counts what is flushed, evicted and fetched", async () => {
  const { counts, metrics } = adding();
  const buffer = createWriteBuffer(createMemoryBlockstore(), { metrics });
  buffer.blocks.putManySync([a, b]);
  buffer.flushSync();
  const cache = createBlockCache(holding(sampleBlocks(1, 50)), { maxBytes: 6000, metrics });
  for (const [cid] of sampleBlocks(1, 50)) cache.blocks.getSync(cid);
  const answers = [a[1], Uint8Array.of(1), undefined];
  const store = createRemoteStore({ fetch: async () => answers.shift(), metrics }, { retries: 0 });
  await store.getBytes(a[0]);
  await expect(store.getBytes(b[0])).rejects.toThrow();
  await store.getBytes(c[0]);
  expect(counts).toMatchObject({
    copse_blockstore_flushed_blocks_total: 2,
    copse_blockstore_flushed_bytes_total: a[1].length + b[1].length,
    copse_blockstore_cache_evicted_total: cache.stats().evicted,
    "copse_blockstore_remote_attempts_total block": 1,
    "copse_blockstore_remote_attempts_total lie": 1,
    "copse_blockstore_remote_attempts_total absent": 1,
    copse_blockstore_remote_received_bytes_total: a[1].length,
  });
  expect(cache.stats().evicted).toBeGreaterThan(0);
});
