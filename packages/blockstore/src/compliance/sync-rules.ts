import { type CidBytes, cidKey, toCid } from "@copse/ipld";
import { HostFault } from "@copse/primitives";
import { type BlockEntry, maxCidBytes, type Store } from "../store.ts";
import { mustBe, mustEqual, mustHold, mustThrow, type Rules, sampleBlock, sampleBlocks } from "./rules.ts";

/** Rules of the synchronous face, beside those of every store. */
export const syncRules: Rules<Store> = {
  "gives back what was put at once, by every face": async (store) => {
    const [one, ...more] = sampleBlocks(1, 6) as [BlockEntry, ...BlockEntry[]];
    store.putSync(...one);
    mustEqual("getSync, in the same turn", store.getSync(one[0]), one[1]);
    store.putManySync(more.values());
    mustBe(
      "hasSync, in the same turn",
      more.every(([cid]) => store.hasSync(cid)),
    );
    for (const block of [one, ...more]) await mustHold("afterwards", store, ...block);
    store.putManySync([]);
  },
  "the caller's arrays may change after a put at once": async (store) => {
    const blocks = sampleBlocks(30, 4);
    const given = blocks.map(([cid, bytes]): BlockEntry => [Uint8Array.from(cid), Uint8Array.from(bytes)]);
    store.putSync(...(given[0] as BlockEntry));
    store.putManySync(given.slice(1));
    for (const array of given.flat()) array.fill(0xff, 6);
    for (const block of blocks) await mustHold("after the change", store, ...block);
  },
  "bytes that were handed out at once stay as they are, whatever becomes of the store": async (store) => {
    const blocks = sampleBlocks(50, 20);
    store.putManySync(blocks);
    const out = blocks.map(([cid]) => store.getSync(cid));
    store.deleteManySync(blocks.map(([cid]) => cid));
    store.putManySync(sampleBlocks(500, 300));
    for (const [cid] of sampleBlocks(500, 300)) store.getSync(cid);
    for (const [i, bytes] of out.entries()) mustEqual(`block ${i}`, bytes, blocks[i]?.[1]);
  },
  "deletes at once, absent blocks too": async (store) => {
    const blocks = sampleBlocks(1, 6);
    store.putManySync(blocks);
    store.deleteSync(blocks[0]?.[0] as CidBytes);
    store.deleteSync(blocks[0]?.[0] as CidBytes);
    store.deleteManySync(
      blocks
        .slice(1, 3)
        .map(([cid]) => cid)
        .values(),
    );
    for (const [i, [cid, bytes]] of blocks.entries())
      await mustHold(`block ${i}`, store, cid, i < 3 ? undefined : bytes);
    store.putSync(...(blocks[0] as BlockEntry));
    await mustHold("back", store, ...(blocks[0] as BlockEntry));
  },
  "a batch at once with a CID beyond the limit, or one that breaks off, stores nothing": async (store) => {
    const [cid, bytes] = sampleBlock(8);
    const long: BlockEntry = [new Uint8Array(maxCidBytes + 1), bytes];
    await mustThrow("too long", () => store.putManySync([[cid, bytes], long]), "blockstore/cid-too-long");
    await mustThrow("one", () => store.putSync(...long), "blockstore/cid-too-long");
    function* broken(): Generator<BlockEntry> {
      yield [cid, bytes];
      throw new HostFault("host/worker-failed", { reason: "the source broke" });
    }
    await mustThrow("broken off", () => store.putManySync(broken()), "host/worker-failed");
    await mustHold("afterwards", store, cid, undefined);
  },
  "entriesSync lists each block once, and may be left": async (store, { unlisted, byMultihash }) => {
    if (unlisted === true) {
      return mustThrow("entriesSync", () => Array.from(store.entriesSync()), "blockstore/unlisted");
    }
    const blocks = sampleBlocks(100, 300);
    store.putManySync(blocks);
    const name = (cid: CidBytes): string => cidKey(byMultihash === true ? toCid(cid).multihash.bytes : cid);
    const wanted = new Map(blocks.map(([cid, bytes]) => [name(cid), bytes]));
    const listed = Array.from(store.entriesSync());
    mustBe("as many", listed.length === 300, String(listed.length));
    for (const [cid, bytes] of listed) mustEqual("an entry", bytes, wanted.get(name(cid)) ?? new Uint8Array(1));
    mustBe("each once", new Set(listed.map(([cid]) => name(cid))).size === 300);
    for (const _ of store.entriesSync()) break;
    store.putSync(...sampleBlock(1));
  },
  "what is put or deleted at once comes after what was awaited, and before what is asked next": async (store) => {
    const blocks = sampleBlocks(100, 20);
    const later = store.putManyBytes(blocks.slice(0, 10));
    store.putManySync(blocks.slice(10));
    mustBe("put at once", store.hasSync(blocks[10]?.[0] as CidBytes));
    await later;
    mustBe(
      "put later",
      blocks.every(([cid]) => store.hasSync(cid)),
    );
    store.deleteManySync(blocks.map(([cid]) => cid));
    mustBe("deleted", !(await store.has(toCid(blocks[0]?.[0] as CidBytes))));
  },
};
