import { sha256 } from "@copse/crypto";
import { type CidBytes, cidKey, fromCid, rawCidOf, toCid } from "@copse/ipld";
import { concatBytes, HostFault } from "@copse/primitives";
import { type AsyncStore, type BlockEntry, maxCidBytes } from "../store.ts";
import {
  gathered,
  joined,
  mustBe,
  mustEqual,
  mustHold,
  mustThrow,
  type Rules,
  sampleBlock,
  sampleBlocks,
} from "./rules.ts";

/** An identity CID of that data: the digest is the data. */
export function identityCid(data: Uint8Array): CidBytes {
  const length = data.length < 128 ? [data.length] : [(data.length & 127) | 128, data.length >> 7];
  return concatBytes(Uint8Array.of(1, 0x55, 0, ...length), data);
}

/** Rules about one block or one batch, for every store that can be written to. */
export const blockRules: Rules<AsyncStore> = {
  "gives back what was put, by every face": async (store) => {
    const [a, b] = [sampleBlock(1), sampleBlock(2)];
    const put = await store.put(toCid(a[0]), a[1]);
    mustEqual("put gives the CID", fromCid(put), a[0]);
    await store.putManyBytes([b]);
    await mustHold("by put", store, ...a);
    await mustHold("by putManyBytes", store, ...b);
  },
  "an absent block is undefined, false, or NotFoundError": async (store) => {
    await mustHold("in an empty store", store, sampleBlock(2)[0], undefined);
    await store.putManyBytes(sampleBlocks(10, 5));
    await mustHold("beside others", store, sampleBlock(2)[0], undefined);
  },
  "put takes bytes, iterables and async iterables of chunks": async (store) => {
    const halves = (bytes: Uint8Array): Uint8Array[] => [bytes.subarray(0, 9), new Uint8Array(0), bytes.subarray(9)];
    async function* later(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
      yield* halves(bytes);
    }
    for (const [seed, form] of [halves, later].entries()) {
      const [cid, bytes] = sampleBlock(10 + seed);
      await store.put(toCid(cid), form(bytes));
      await mustHold("put", store, cid, bytes);
      const [next, others] = sampleBlock(20 + seed);
      await gathered(store.putMany([{ cid: toCid(next), bytes: form(others) }]));
      await mustHold("putMany", store, next, others);
    }
  },
  "an iterable of chunks that fails stores nothing, and its error passes": async (store) => {
    const [cid, bytes] = sampleBlock(12);
    function* broken(): Generator<Uint8Array> {
      yield bytes;
      throw new HostFault("host/worker-failed", { reason: "the source broke" });
    }
    await mustThrow("put", () => store.put(toCid(cid), broken()), "host/worker-failed");
    await mustHold("afterwards", store, cid, undefined);
  },
  "the caller's arrays may change after a put": async (store) => {
    const blocks = sampleBlocks(30, 6);
    const given = blocks.map(([cid, bytes]): BlockEntry => [Uint8Array.from(cid), Uint8Array.from(bytes)]);
    const [one, two, ...rest] = given as [BlockEntry, BlockEntry];
    await store.put(toCid(one[0]), one[1]);
    await gathered(store.putMany([{ cid: toCid(two[0]), bytes: two[1] }]));
    await store.putManyBytes(rest);
    for (const [cid, bytes] of given) {
      cid.fill(0xff, 6);
      bytes.fill(0xff);
    }
    for (const block of blocks) await mustHold("after the change", store, ...block);
  },
  "views into larger arrays are stored as what they show": async (store) => {
    const [cid, bytes] = sampleBlock(40);
    const large = new Uint8Array(1000).fill(0xee);
    large.set(cid, 100);
    large.set(bytes, 500);
    const view: BlockEntry = [large.subarray(100, 100 + cid.length), large.subarray(500, 500 + bytes.length)];
    await store.putManyBytes([view]);
    large.fill(0);
    await mustHold("a view", store, cid, bytes);
  },
  "bytes that were handed out stay as they are, whatever becomes of the store": async (store) => {
    const blocks = sampleBlocks(50, 20);
    await store.putManyBytes(blocks);
    const out = await store.getManyBytes(blocks.map(([cid]) => cid));
    for (const [cid] of blocks) out.push(await store.getBytes(cid));
    await store.deleteManyBytes(blocks.map(([cid]) => cid));
    await store.putManyBytes(sampleBlocks(500, 300));
    for (const [cid] of sampleBlocks(500, 300)) await store.getBytes(cid);
    for (const [i, bytes] of out.entries()) mustEqual(`block ${i}`, bytes, blocks[i % blocks.length]?.[1]);
  },
  "what is handed out is a plain Uint8Array": async (store) => {
    const [cid, bytes] = sampleBlock(41);
    await store.putManyBytes([[cid, bytes]]);
    for (const found of [await store.getBytes(cid), ...(await gathered(store.get(toCid(cid))))]) {
      mustBe("its prototype", Object.getPrototypeOf(found) === Uint8Array.prototype);
    }
  },
  "a second put of a CID does no harm": async (store) => {
    const [cid, bytes] = sampleBlock(4);
    await store.putManyBytes([[cid, bytes]]);
    await store.putManyBytes([
      [cid, bytes],
      [cid, bytes],
    ]);
    await store.put(toCid(cid), bytes);
    await mustHold("afterwards", store, cid, bytes);
    await store.deleteManyBytes([cid]);
    await mustHold("one delete removes it", store, cid, undefined);
  },
  "CIDs that differ only in codec are two blocks, or one by its multihash": async (store, { byMultihash }) => {
    const [cid, bytes] = sampleBlock(7);
    const other = Uint8Array.from(cid);
    other[1] = cid[1] === 0x71 ? 0x55 : 0x71;
    await store.putManyBytes([[cid, bytes]]);
    if (byMultihash === true) return mustHold("by another codec", store, other, bytes);
    await mustHold("by another codec", store, other, undefined);
    await store.putManyBytes([[other, bytes]]);
    await store.deleteManyBytes([cid]);
    await mustHold("the first is gone", store, cid, undefined);
    await mustHold("the second stays", store, other, bytes);
  },
  "CIDs of version 0, and of any hash": async (store, { verifies }) => {
    const block = Uint8Array.of(0x0a, 0x00);
    const version0 = concatBytes(Uint8Array.of(0x12, 0x20), sha256(block));
    await store.putManyBytes([[version0, block]]);
    await mustHold("version 0", store, version0, block);
    if (verifies === true) return;
    const digest = Uint8Array.from({ length: 64 }, (_, i) => i * 5);
    const cids = [
      concatBytes(Uint8Array.of(1, 0x70, 0x1e, 0x20), digest.subarray(1, 33)), // blake3
      concatBytes(Uint8Array.of(1, 0x55, 0x13, 0x40), digest), // sha2-512
      concatBytes(Uint8Array.of(1, 0x78, 0x11, 0x14), digest.subarray(0, 20)), // sha1
      concatBytes(Uint8Array.of(1, 0x81, 0xe2, 0x03, 0x92, 0x20, 0x20), digest.subarray(2, 34)), // a sealed sector
      Uint8Array.of(1, 0x55, 0x12, 0x01, 7), // a digest cut to one byte
    ];
    await store.putManyBytes(cids.map((cid, i): BlockEntry => [cid, Uint8Array.of(i)]));
    for (const [i, cid] of cids.entries()) await mustHold(`CID ${i}`, store, cid, Uint8Array.of(i));
  },
  "blocks of 0 B to 2 MiB": async (store) => {
    for (const [i, size] of [0, 1, 4095, 4096, 65_536, 1 << 20, 2 << 20].entries()) {
      const bytes = new Uint8Array(size).map((_, at) => at * (i + 1));
      const cid = rawCidOf(bytes);
      await store.put(toCid(cid), bytes);
      mustEqual(`${size} B: getBytes`, await store.getBytes(cid), bytes);
      mustEqual(`${size} B: get`, await joined(store.get(toCid(cid))), bytes);
      mustBe(`${size} B: has`, await store.hasBytes(cid));
    }
  },
  "identity CIDs are kept as any other, up to the longest CID": async (store, { longestCid = maxCidBytes }) => {
    for (const length of [0, 3, 32, 100, 200, 500, maxCidBytes - 5].filter((n) => n + 5 <= longestCid)) {
      const data = new Uint8Array(length).map((_, i) => i);
      await store.putManyBytes([[identityCid(data), data]]);
      await mustHold(`identity of ${length} B`, store, identityCid(data), data);
    }
  },
  "CIDs that share a long beginning do not mix": async (store, { longestCid = maxCidBytes }) => {
    for (const length of [12, 300].filter((n) => n + 5 <= longestCid)) {
      const blocks = Array.from({ length: 100 }, (_, i) => new Uint8Array(length).fill(5).fill(i, length - 1));
      await store.putManyBytes(blocks.map((bytes): BlockEntry => [identityCid(bytes), bytes]));
      for (const bytes of blocks) mustEqual("a block", await store.getBytes(identityCid(bytes)), bytes);
    }
  },
  "delete removes, absent blocks too, and a deleted block can be put again": async (store) => {
    const [block, other] = [sampleBlock(5), sampleBlock(6)];
    await store.putManyBytes([block, other]);
    await store.deleteManyBytes([block[0], block[0], sampleBlock(99)[0]]);
    await mustHold("gone", store, block[0], undefined);
    await store.delete(toCid(block[0]));
    await store.putManyBytes([block]);
    await mustHold("back", store, ...block);
    await store.delete(toCid(block[0]));
    await mustHold("gone again", store, block[0], undefined);
    await mustHold("the other stays", store, ...other);
    await store.deleteManyBytes([]);
  },
  "a batch is read once, may be empty, and may name a block twice": async (store) => {
    await store.putManyBytes([]);
    const blocks = sampleBlocks(60, 5);
    await store.putManyBytes([...blocks, ...blocks].values());
    for (const block of blocks) await mustHold("put", store, ...block);
    await store.deleteManyBytes([...blocks, ...blocks].map(([cid]) => cid).values());
    for (const [cid] of blocks) await mustHold("deleted", store, cid, undefined);
  },
  "a batch with a CID beyond the limit, or one that breaks off, stores nothing": async (store) => {
    const [cid, bytes] = sampleBlock(8);
    const long: BlockEntry = [new Uint8Array(maxCidBytes + 1), bytes];
    await mustThrow("too long", () => store.putManyBytes([[cid, bytes], long]), "blockstore/cid-too-long");
    function* broken(): Generator<BlockEntry> {
      yield [cid, bytes];
      throw new HostFault("host/worker-failed", { reason: "the source broke" });
    }
    await mustThrow("broken off", () => store.putManyBytes(broken()), "host/worker-failed");
    await mustHold("afterwards", store, cid, undefined);
  },
  "getManyBytes answers in order, absent and repeated CIDs included": async (store) => {
    const blocks = sampleBlocks(70, 300);
    await store.putManyBytes(blocks.filter((_, i) => i % 3 !== 1));
    const order = [...blocks.keys(), ...blocks.keys()].reverse();
    const found = await store.getManyBytes(order.map((i) => blocks[i]?.[0] as CidBytes));
    mustBe("one answer each", found.length === order.length, String(found.length));
    for (const [at, i] of order.entries()) mustEqual(`block ${i}`, found[at], i % 3 === 1 ? undefined : blocks[i]?.[1]);
    mustBe("none for none", (await store.getManyBytes([])).length === 0);
  },
  "entries and getAll list each block once": async (store, { unlisted, byMultihash }) => {
    if (unlisted === true) {
      await mustThrow("entries", () => gathered(store.entries()), "blockstore/unlisted");
      return mustThrow("getAll", () => gathered(store.getAll()), "blockstore/unlisted");
    }
    mustBe("an empty store", (await gathered(store.entries())).length === 0);
    const blocks = sampleBlocks(100, 400);
    await store.putManyBytes(blocks);
    await store.deleteManyBytes([blocks[3]?.[0] as CidBytes]);
    const name = (cid: CidBytes): string => cidKey(byMultihash === true ? toCid(cid).multihash.bytes : cid);
    const wanted = new Map(blocks.filter((_, i) => i !== 3).map(([cid, bytes]) => [name(cid), bytes]));
    const listed = await gathered(store.entries());
    mustBe("as many", listed.length === wanted.size, String(listed.length));
    for (const [cid, bytes] of listed) mustEqual("an entry", bytes, wanted.get(name(cid)) ?? new Uint8Array(1));
    mustBe("each once", new Set(listed.map(([cid]) => name(cid))).size === wanted.size);
    let count = 0;
    for await (const { cid, bytes } of store.getAll()) {
      mustEqual("a pair", await joined(bytes), wanted.get(name(fromCid(cid))));
      count++;
    }
    mustBe("getAll: as many", count === wanted.size, String(count));
  },
  "blocks may come and go while they are listed, and a list may be left": async (store, { unlisted }) => {
    if (unlisted === true) return;
    const blocks = sampleBlocks(200, 120);
    await store.putManyBytes(blocks);
    const seen = new Map<string, number>();
    for await (const [cid] of store.entries()) {
      seen.set(cidKey(cid), (seen.get(cidKey(cid)) ?? 0) + 1);
      if (seen.size === 10) await store.putManyBytes(sampleBlocks(900, 20));
      if (seen.size === 20) await store.deleteManyBytes(sampleBlocks(900, 20).map(([other]) => other));
    }
    mustBe(
      "none twice",
      [...seen.values()].every((times) => times === 1),
    );
    for await (const _ of store.entries()) break;
    for await (const _ of store.getAll()) break;
    await mustHold("afterwards", store, ...(blocks[0] as BlockEntry));
  },
  "a list passes over no block, though each is deleted as it comes": async (store, { unlisted }) => {
    if (unlisted === true) return;
    const blocks = sampleBlocks(200, 120);
    await store.putManyBytes(blocks);
    let count = 0;
    for await (const [cid] of store.entries()) {
      await store.deleteManyBytes([cid]);
      count++;
    }
    mustBe("entries", count === blocks.length, String(count));
    await store.putManyBytes(blocks);
    for await (const { cid } of store.getAll()) {
      await store.delete(cid);
      count++;
    }
    mustBe("getAll", count === 2 * blocks.length, String(count));
  },
};
