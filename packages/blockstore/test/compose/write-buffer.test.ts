import { cidOf, encode, type Fetching, fromCid, linkCodec, rawCidOf, runSync, toCid } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { expect, it } from "vitest";
import { sampleBlock, sampleBlocks } from "../../src/compliance/rules.ts";
import { createWriteBuffer } from "../../src/compose.ts";
import { type BlockEntry, createMemoryBlockstore, storeOf } from "../../src/index.ts";
import { laterStore } from "./bases.ts";
import { GatedStore, turn } from "./gated.ts";

const [a, b, c] = sampleBlocks(1, 3) as [BlockEntry, BlockEntry, BlockEntry];

it("reads see what is held, and a flush writes it in the order it came", async () => {
  const base = createMemoryBlockstore();
  const buffer = createWriteBuffer(base);
  buffer.blocks.putManySync([c, a]);
  buffer.blocks.putSync(...b);
  buffer.blocks.putSync(...a);
  expect(base.hasSync(a[0])).toBe(false);
  expect(buffer.blocks.getSync(a[0])).toEqual(a[1]);
  expect(buffer.count).toBe(3);
  expect(buffer.flushSync()).toEqual({ blocks: 3, bytes: 3 * a[1].length });
  expect(Array.from(base.entriesSync(), ([cid]) => cid)).toEqual([c[0], a[0], b[0]]);
  expect([buffer.count, buffer.bytes]).toEqual([0, 0]);
  expect(await buffer.flush()).toEqual({ blocks: 0, bytes: 0 });
});

it("flushes before it would hold more than its bound, and lets a larger batch by", () => {
  const base = createMemoryBlockstore();
  const buffer = createWriteBuffer(base, { maxBytes: 2000 });
  for (const block of sampleBlocks(1, 50)) {
    buffer.blocks.putSync(...block);
    expect(buffer.bytes).toBeLessThanOrEqual(2000);
  }
  expect(Array.from(base.entriesSync()).length + buffer.count).toBe(50);
  const large = sampleBlocks(100, 20);
  buffer.blocks.putManySync(large);
  expect(buffer.count).toBe(0);
  expect(large.every(([cid]) => base.hasSync(cid))).toBe(true);
});

it("or refuses to hold more", () => {
  const buffer = createWriteBuffer(createMemoryBlockstore(), { maxBytes: 1600, whenFull: "throw" });
  buffer.blocks.putManySync([a, b]);
  expect(() => buffer.blocks.putSync(...c)).toThrow(expect.objectContaining({ code: "blockstore/memory-full" }));
  buffer.discard();
  buffer.blocks.putSync(...c);
  expect(buffer.blocks.hasSync(a[0])).toBe(false);
});

it("holds its bound while a flush is under way: puts wait for it", async () => {
  const gated = new GatedStore();
  const buffer = createWriteBuffer(gated.blocks, { maxBytes: 1600 });
  await buffer.blocks.putManyBytes([a, b]);
  const puts = sampleBlocks(10, 6).map((block) => buffer.blocks.putManyBytes([block]));
  for (let i = 0; i < 10; i++) {
    await gated.pass();
    expect(buffer.bytes).toBeLessThanOrEqual(1600);
  }
  await Promise.all(puts);
  await Promise.all([buffer.flush(), gated.passAll()]);
  expect(sampleBlocks(10, 6).every(([cid]) => gated.memory.hasSync(cid))).toBe(true);
});

it("keeps everything when the base fails, and writes it the next time", async () => {
  let broken = true;
  const gate = async (): Promise<void> => {
    if (broken) throw new Error("disk full");
  };
  const buffer = createWriteBuffer(laterStore(createMemoryBlockstore(), gate));
  await buffer.blocks.putManyBytes([a, b]);
  await expect(buffer.flush()).rejects.toThrow("disk full");
  expect(buffer.count).toBe(2);
  expect(await buffer.blocks.getBytes(a[0])).toEqual(a[1]);
  broken = false;
  expect(await buffer.flush()).toMatchObject({ blocks: 2 });
});

it("a block deleted while a flush carries it stays deleted; one put again stays", async () => {
  const gated = new GatedStore();
  const buffer = createWriteBuffer(gated.blocks);
  await buffer.blocks.putManyBytes([a, b]);
  const flushing = buffer.flush();
  await turn();
  const deleting = buffer.blocks.deleteManyBytes([a[0], b[0]]);
  await turn();
  await gated.pass(1); // the deletion lands first
  expect(await buffer.blocks.getBytes(a[0])).toBeUndefined();
  const again = buffer.blocks.putManyBytes([b]);
  await gated.passAll();
  await Promise.all([flushing, deleting, again]);
  expect(gated.memory.hasSync(a[0])).toBe(false);
  expect(await Promise.race([buffer.blocks.getBytes(b[0]), turn()])).toEqual(b[1]);
  const last = buffer.flush();
  await gated.passAll();
  await last;
  expect(gated.memory.hasSync(b[0])).toBe(true);
});

it("a block deleted during a flush and flushed again at once is not deleted when the first flush lands", async () => {
  const gated = new GatedStore();
  const { memory, blocks } = gated;
  const both = storeOf({
    getSync: (cid) => memory.getSync(cid),
    hasSync: (cid) => memory.hasSync(cid),
    putManySync: (entries) => memory.putManySync(entries),
    deleteManySync: (cids) => memory.deleteManySync(cids),
    putManyBytes: (entries) => blocks.putManyBytes(entries),
  });
  const buffer = createWriteBuffer(both);
  buffer.blocks.putManySync([a, b]);
  const flushing = buffer.flush();
  await turn();
  buffer.blocks.deleteManySync([a[0], b[0]]);
  expect(buffer.blocks.hasSync(a[0])).toBe(false);
  buffer.blocks.putSync(...a);
  buffer.flushSync();
  await gated.passAll();
  await flushing;
  expect([memory.hasSync(a[0]), memory.hasSync(b[0])]).toEqual([true, false]);
});

/** A block of links, and its CID. */
function node(...cids: Uint8Array[]): BlockEntry {
  const bytes = concatBytes(Uint8Array.of(0x80 + cids.length), ...cids.map((cid) => encode(linkCodec, cid)));
  return [cidOf(bytes), bytes];
}

it("flushes what a root leads to, in the reference's order, and keeps the rest", () => {
  const leaves = sampleBlocks(20, 4); // raw and CBOR
  const [one, two, three, loose] = leaves as [BlockEntry, BlockEntry, BlockEntry, BlockEntry];
  const inner = node(one[0], two[0]);
  const sealed = concatBytes(Uint8Array.of(1, 0x82, 0xe2, 0x03, 0x81, 0xe8, 0x03, 0x20), new Uint8Array(32));
  const unsealed = concatBytes(Uint8Array.of(1, 0x81, 0xe2, 0x03, 0x92, 0x20, 0x20), new Uint8Array(32));
  const wrapped = encode(linkCodec, three[0]);
  const identity = concatBytes(Uint8Array.of(1, 0x71, 0, wrapped.length), wrapped);
  const absent = sampleBlock(99)[0];
  const root = node(inner[0], sealed, unsealed, identity, absent, inner[0]);
  const base = createMemoryBlockstore();
  const buffer = createWriteBuffer(base);
  buffer.blocks.putManySync([one, two, three, loose, inner, root]);
  expect(buffer.flushReachableSync(root[0])).toMatchObject({ blocks: 5 });
  // Of a block's links the last first: `inner` by its second link, then what the identity CID holds.
  expect(Array.from(base.entriesSync(), ([cid]) => cid)).toEqual([root, inner, two, one, three].map(([cid]) => cid));
  expect(buffer.count).toBe(1);
  expect(buffer.blocks.getSync(loose[0])).toEqual(loose[1]);
  expect(buffer.flushReachableSync(root[0])).toEqual({ blocks: 0, bytes: 0 });
});

it("flushes later as at once", async () => {
  const root = node(a[0], b[0]);
  const base = createMemoryBlockstore();
  const buffer = createWriteBuffer(laterStore(base));
  await buffer.blocks.putManyBytes([a, b, c, root]);
  expect(await buffer.flushReachable(root[0])).toMatchObject({ blocks: 3 });
  expect([base.hasSync(root[0]), base.hasSync(c[0])]).toEqual([true, false]);
  expect(buffer.flushSync).toBeUndefined();
});

const malformed: Readonly<Record<string, Uint8Array>> = {
  "cut head": Uint8Array.of(0x99, 0x01),
  "cut bytes": Uint8Array.of(0x45, 1, 2),
  "too few items": Uint8Array.of(0x82, 1),
  "2^64 - 1 items": Uint8Array.of(0x9b, 255, 255, 255, 255, 255, 255, 255, 255),
  "unknown length": Uint8Array.of(0x9f, 0xff),
  "head 28": Uint8Array.of(0x1c),
  "a link that is a number": Uint8Array.of(0xd8, 42, 7),
  "a link without its 0": Uint8Array.of(0xd8, 42, 0x42, 1, 2),
  "an empty link": Uint8Array.of(0xd8, 42, 0x40),
  "a link that is no CID": Uint8Array.of(0xd8, 42, 0x43, 0, 1, 2),
  "a link under sha2-256": encode(linkCodec, concatBytes(Uint8Array.of(1, 0x71, 0x12, 0x20), new Uint8Array(32))),
  "a link to dag-pb": encode(linkCodec, concatBytes(Uint8Array.of(1, 0x70, 0xa0, 0xe4, 2, 0x20), new Uint8Array(32))),
  "a link with a cut digest": encode(
    linkCodec,
    concatBytes(Uint8Array.of(1, 0x71, 0xa0, 0xe4, 2, 0x10), new Uint8Array(16)),
  ),
  "a link with a digest of 65 B": Uint8Array.of(0xd8, 42, 0x58, 70, 0, 1, 0x55, 0, 65, ...new Uint8Array(65)),
};
for (const [what, bytes] of Object.entries(malformed)) {
  it(`refuses to flush ${what}, and then takes nothing out`, () => {
    const bad: BlockEntry = [cidOf(bytes), bytes];
    const root = node(a[0], bad[0]);
    const base = createMemoryBlockstore();
    const buffer = createWriteBuffer(base);
    buffer.blocks.putManySync([a, bad, root]);
    const refused = expect.objectContaining({ code: "blockstore/not-flushable" });
    expect(() => buffer.flushReachableSync(root[0])).toThrow(refused);
    expect(() => buffer.flushReachableSync(bytes)).toThrow(refused);
    expect(buffer.count).toBe(3);
    expect(base.hasSync(root[0])).toBe(false);
  });
}

it("minds no more than the reference does: long heads, other tags, bytes after a CID, links in raw blocks", () => {
  const link = encode(linkCodec, a[0]);
  const cidInLink = link.subarray(5);
  const lax = concatBytes(
    Uint8Array.of(0x9a, 0, 0, 0, 5, 0x18, 1), // an array of 5 by a long head; 1 by a long head
    Uint8Array.of(0xc1, 0xd8, 42, 0x58, cidInLink.length + 3, 0),
    cidInLink,
    Uint8Array.of(9, 9), // after the CID
    Uint8Array.of(0xa1, 0x61, 0xff), // a map whose key is no UTF-8
    Uint8Array.of(0xf9, 0x3c, 0), // a half float
    Uint8Array.of(0x20, 0xf7),
    Uint8Array.of(0xee), // after the end
  );
  const raw: BlockEntry = [rawCidOf(link), link];
  const root = node(raw[0], cidOf(lax));
  const buffer = createWriteBuffer(createMemoryBlockstore());
  buffer.blocks.putManySync([a, raw, root, [cidOf(lax), lax]]);
  expect(buffer.flushReachableSync(root[0])).toMatchObject({ blocks: 4 });
});

it("walks a chain of any depth and a block named often", () => {
  const buffer = createWriteBuffer(createMemoryBlockstore());
  let last: BlockEntry = a;
  buffer.blocks.putSync(...a);
  for (let depth = 0; depth < 20_000; depth++) {
    last = node(last[0], last[0]);
    buffer.blocks.putSync(...last);
  }
  expect(buffer.flushReachableSync(last[0])).toMatchObject({ blocks: 20_001 });
});

it("serves trees, which ask for blocks one by one", () => {
  const root = node(a[0]);
  const buffer = createWriteBuffer(createMemoryBlockstore());
  buffer.blocks.putManySync([a, root]);
  function* first(): Fetching<Uint8Array> {
    yield root[0];
    return yield fromCid(toCid(a[0]));
  }
  expect(runSync(first(), buffer.blocks)).toEqual(a[1]);
});
