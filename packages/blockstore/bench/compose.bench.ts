/** What a composite adds to a read or a write in memory: the hot paths, each beside the bare memory store. */
import { cidKey } from "@copse/ipld";
import { bench } from "@copse/testkit/bench";
import { createBlockCache, createOverlay, createTracker, createWriteBuffer, unionStoreOf } from "../src/compose.ts";
import { type BlockEntry, createMemoryBlockstore, type Store } from "../src/index.ts";

const count = 10_000;
const blocks = Array.from({ length: count }, (_, n): BlockEntry => {
  const cid = new Uint8Array(38);
  cid.set([1, 0x71, 0xa0, 0xe4, 2, 0x20]);
  new DataView(cid.buffer).setUint32(6, Math.imul(n, 2654435761));
  new DataView(cid.buffer).setUint32(20, n);
  return [cid, new Uint8Array(700).fill(n)];
});

function filled(): Store {
  const store = createMemoryBlockstore();
  store.putManySync(blocks);
  return store;
}

function readAll(store: Store): number {
  let found = 0;
  for (const [cid] of blocks) if (store.getSync(cid) !== undefined) found++;
  return found;
}

const memory = filled();
const cache = createBlockCache(memory, { maxBytes: 64 << 20 });
const overlay = createOverlay(memory);
const changed = createOverlay(createMemoryBlockstore());
changed.blocks.putManySync(blocks);
const union = unionStoreOf([createMemoryBlockstore(), memory]);
const tracker = createTracker(memory);
const recorder = createTracker(memory, { record: "each" });
readAll(cache.blocks);

/** What a user writes in an afternoon: the newest in a Map goes last. */
const lru = new Map<string, Uint8Array>(blocks.map(([cid, bytes]) => [cidKey(cid), bytes]));
function readLru(): number {
  let found = 0;
  for (const [cid] of blocks) {
    const key = cidKey(cid);
    const bytes = lru.get(key);
    if (bytes === undefined) continue;
    lru.delete(key);
    lru.set(key, bytes);
    found++;
  }
  return found;
}

const given = (): void => {};
const memoryStore = (): number => readAll(memory);
await bench("blockstore/get memory, 10k blocks warm", { given, run: memoryStore, unit: "block" });
await bench("blockstore/get cache hit, 10k blocks warm", {
  given,
  run: () => readAll(cache.blocks),
  unit: "block",
  beside: { "memory store": memoryStore, "Map as LRU": readLru },
});
await bench("blockstore/get overlay, base has it", {
  given,
  run: () => readAll(overlay.blocks),
  unit: "block",
  beside: { "memory store": memoryStore },
});
await bench("blockstore/get overlay, overlay has it", {
  given,
  run: () => readAll(changed.blocks),
  unit: "block",
  beside: { "memory store": memoryStore },
});
await bench("blockstore/get union, second part has it", {
  given,
  run: () => readAll(union),
  unit: "block",
  beside: { "memory store": memoryStore },
});
await bench("blockstore/get tracker", {
  given,
  run: () => readAll(tracker.blocks),
  unit: "block",
  beside: { "memory store": memoryStore, "record each": () => readAll(recorder.blocks) },
});

function putAll(store: Store): number {
  for (const [cid, bytes] of blocks) store.putSync(cid, bytes);
  return count;
}
await bench("blockstore/put write buffer, 10k blocks of 700 B", {
  given,
  run: () => putAll(createWriteBuffer(createMemoryBlockstore()).blocks),
  unit: "block",
  beside: {
    "memory store": () => putAll(createMemoryBlockstore()),
    overlay: () => putAll(createOverlay(createMemoryBlockstore()).blocks),
  },
});
await bench("blockstore/put write buffer and flush, batches of 100", {
  given,
  run() {
    const buffer = createWriteBuffer(createMemoryBlockstore());
    for (let at = 0; at < count; at += 100) buffer.blocks.putManySync(blocks.slice(at, at + 100));
    buffer.flushSync();
    return count;
  },
  unit: "block",
});

/** A stack as a node would have it: changes over a cache over a buffer over what counts. */
const stack = createOverlay(
  createBlockCache(createWriteBuffer(tracker.blocks).blocks, { maxBytes: 64 << 20 }).blocks,
).blocks;
await bench("blockstore/get overlay over cache over buffer, warm", {
  given,
  run: () => readAll(stack),
  unit: "block",
  beside: { "memory store": memoryStore },
});

/** Async: what a read costs where all is in memory. */
async function readLater(store: Store): Promise<number> {
  let found = 0;
  for (const [cid] of blocks) if ((await store.getBytes(cid)) !== undefined) found++;
  return found;
}
await bench("blockstore/getBytes cache hit", {
  given,
  run: () => readLater(cache.blocks),
  unit: "block",
  beside: { "memory store": () => readLater(memory), "overlay over cache over buffer": () => readLater(stack) },
});
