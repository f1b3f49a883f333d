import { type CidBytes, cidKey, fromCid, toCid } from "@copse/ipld";
import type { AsyncStore, BlockEntry, Store } from "../store.ts";
import { identityCid } from "./block-rules.ts";
import {
  gathered,
  joined,
  mustBe,
  mustEqual,
  mustHold,
  mustThrow,
  type Rules,
  readsAtOnce,
  sampleBlock,
  sampleBlocks,
} from "./rules.ts";

/** What a store for reading holds while its rules are checked. */
export const heldBlocks: readonly BlockEntry[] = [
  ...sampleBlocks(1, 60),
  sampleBlock(500, 70_000),
  sampleBlock(501, 2 << 20),
  [identityCid(Uint8Array.of(1, 2, 3)), Uint8Array.of(1, 2, 3)],
];

/** Rules of a store that can only be read; it holds {@link heldBlocks}, and nothing else. */
export const readOnlyRules: Rules<AsyncStore> = {
  "gives every block it holds, by every face": async (store) => {
    for (const block of heldBlocks) await mustHold("held", store, ...block);
    for (const [cid] of sampleBlocks(700, 5)) await mustHold("absent", store, cid, undefined);
  },
  "getManyBytes and getMany keep the order, repeats included": async (store) => {
    const order = [5, 1, 61, 1, 60, 0, 5];
    const cids = order.map((i) => heldBlocks[i]?.[0] as CidBytes);
    const found = await store.getManyBytes([...cids, sampleBlock(700)[0]]);
    for (const [at, i] of order.entries()) mustEqual("getManyBytes", found[at], heldBlocks[i]?.[1]);
    mustEqual("an absent one", found[order.length], undefined);
    let at = 0;
    for await (const { cid, bytes } of store.getMany(cids.map(toCid))) {
      mustEqual("getMany's CID", fromCid(cid), cids[at]);
      mustEqual("getMany's bytes", await joined(bytes), heldBlocks[order[at++] as number]?.[1]);
    }
    mustBe("all of them", at === order.length);
  },
  "lists what it holds, once": async (store, { unlisted, byMultihash }) => {
    if (unlisted === true) {
      await mustThrow("getAll", () => gathered(store.getAll()), "blockstore/unlisted");
      return mustThrow("entries", () => gathered(store.entries()), "blockstore/unlisted");
    }
    const name = (cid: CidBytes): string => cidKey(byMultihash === true ? toCid(cid).multihash.bytes : cid);
    const wanted = new Map(heldBlocks.map(([cid, bytes]) => [name(cid), bytes]));
    const listed = await gathered(store.entries());
    mustBe("as many", listed.length === wanted.size, String(listed.length));
    for (const [cid, bytes] of listed) mustEqual("an entry", bytes, wanted.get(name(cid)));
    mustBe("each once", new Set(listed.map(([cid]) => name(cid))).size === wanted.size);
    const pairs = await gathered(store.getAll());
    mustBe("getAll: as many", pairs.length === wanted.size, String(pairs.length));
    for await (const _ of store.entries()) break;
  },
  "reads may overlap, and what was handed out stays": async (store) => {
    const all = await Promise.all([...heldBlocks, ...heldBlocks].map(([cid]) => store.getBytes(cid)));
    for (const [i, bytes] of all.entries()) mustEqual("bytes", bytes, heldBlocks[i % heldBlocks.length]?.[1]);
  },
  "refuses every change": async (store) => {
    const [held, other] = [heldBlocks[0] as BlockEntry, sampleBlock(800)];
    const pair = { cid: toCid(other[0]), bytes: other[1] };
    const changes: Record<string, () => unknown> = {
      put: () => store.put(pair.cid, pair.bytes),
      putMany: () => gathered(store.putMany([pair])),
      delete: () => store.delete(toCid(held[0])),
      deleteMany: () => gathered(store.deleteMany([toCid(held[0])])),
      putManyBytes: () => store.putManyBytes([other]),
      deleteManyBytes: () => store.deleteManyBytes([held[0]]),
    };
    for (const [name, change] of Object.entries(changes)) await mustThrow(name, change, "blockstore/read-only");
    await mustHold("nothing was stored", store, other[0], undefined);
    await mustHold("nothing was deleted", store, ...held);
  },
  "a fired signal ends every read that has not begun": async (store, { unlisted }) => {
    const options = { signal: AbortSignal.abort() };
    const [cid] = heldBlocks[0] as BlockEntry;
    const uses: Record<string, () => unknown> = {
      has: () => store.has(toCid(cid), options),
      get: () => joined(store.get(toCid(cid), options)),
      getBytes: () => store.getBytes(cid, options),
      getManyBytes: () => store.getManyBytes([cid], options),
      hasBytes: () => store.hasBytes(cid, options),
      getMany: async () => {
        for await (const { bytes } of store.getMany([toCid(cid)], options)) await joined(bytes);
      },
    };
    if (unlisted !== true) uses["entries"] = () => gathered(store.entries(options));
    if (unlisted !== true) uses["getAll"] = () => gathered(store.getAll(options));
    for (const [name, use] of Object.entries(uses)) await mustThrow(name, use, "host/aborted", "HostFault");
  },
};

/** What a store for reading at once refuses beside; whether it reads at once is checked with every block above. */
export const readOnlySyncRules: Rules<Store> = {
  "refuses every change at once, and lists at once": async (store, { unlisted }) => {
    mustBe("reads at once", readsAtOnce(store));
    const [held, other] = [heldBlocks[0] as BlockEntry, sampleBlock(800)];
    const changes: Record<string, () => unknown> = {
      putSync: () => store.putSync(...other),
      putManySync: () => store.putManySync([other]),
      deleteSync: () => store.deleteSync(held[0]),
      deleteManySync: () => store.deleteManySync([held[0]]),
    };
    for (const [name, change] of Object.entries(changes)) await mustThrow(name, change, "blockstore/read-only");
    if (unlisted === true) {
      return mustThrow("entriesSync", () => Array.from(store.entriesSync()), "blockstore/unlisted");
    }
    const count = Array.from(store.entriesSync()).length;
    mustBe("entriesSync", count === heldBlocks.length, String(count));
  },
};
