import { type CidBytes, fromCid, toCid } from "@copse/ipld";
import { HostFault } from "@copse/primitives";
import type { InputPair } from "interface-blockstore";
import type { CID } from "multiformats/cid";
import type { AsyncStore, BlockEntry } from "../store.ts";
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

const pairs = (blocks: readonly BlockEntry[]): InputPair[] =>
  blocks.map(([cid, bytes]) => ({ cid: toCid(cid), bytes }));

/** Hands items on and tells whether it was left properly: its `finally` has run. */
function watched<T>(items: () => Iterable<T>): { source: AsyncGenerator<T>; left: () => boolean } {
  let done = false;
  async function* give(): AsyncGenerator<T> {
    try {
      yield* items();
    } finally {
      done = true;
    }
  }
  return { source: give(), left: () => done };
}

/** Rules about streams, many operations at once, and signals, for every store that can be written to. */
export const streamRules: Rules<AsyncStore> = {
  "putMany yields each CID in order, once its block is stored": async (store) => {
    const blocks = sampleBlocks(100, 1250);
    for (const source of [pairs(blocks.slice(0, 100)), watched(() => pairs(blocks.slice(100))).source]) {
      let at = Array.isArray(source) ? 0 : 100;
      for await (const cid of store.putMany(source)) {
        mustEqual("order", fromCid(cid), blocks[at++]?.[0]);
        if (at % 50 === 0) mustBe("a yielded CID is stored", await store.hasBytes(fromCid(cid)));
      }
      mustBe("all are yielded", at === (Array.isArray(source) ? 100 : 1250), String(at));
    }
    mustBe("none of none", (await gathered(store.putMany([]))).length === 0);
    for (const i of [0, 99, 100, 1249]) await mustHold(`block ${i}`, store, ...(blocks[i] as BlockEntry));
  },
  "putMany of a source that fails passes the error on; what was yielded is stored": async (store) => {
    const yielded: CID[] = [];
    const { source } = watched(function* () {
      yield* pairs(sampleBlocks(100, 1100));
      throw new HostFault("host/worker-failed", { reason: "the source broke" });
    });
    const take = async (): Promise<void> => {
      for await (const cid of store.putMany(source)) yielded.push(cid);
    };
    await mustThrow("the error", take, "host/worker-failed");
    for (const cid of yielded) mustBe("stored", await store.hasBytes(fromCid(cid)));
  },
  "putMany, getMany and deleteMany close a source that they leave": async (store) => {
    await store.putManyBytes(sampleBlocks(100, 3));
    const puts = watched(() => pairs(sampleBlocks(3000, 1100)));
    for await (const _ of store.putMany(puts.source)) break;
    mustBe("putMany", puts.left());
    const gets = watched(() => sampleBlocks(100, 3).map(([cid]) => toCid(cid)));
    for await (const _ of store.getMany(gets.source)) break;
    mustBe("getMany", gets.left());
    const deletes = watched(() => sampleBlocks(3000, 1100).map(([cid]) => toCid(cid)));
    for await (const _ of store.deleteMany(deletes.source)) break;
    mustBe("deleteMany", deletes.left());
  },
  "getMany keeps the order, repeats included, and reads no source to its end first": async (store) => {
    const blocks = sampleBlocks(100, 30);
    await store.putManyBytes(blocks);
    function* endless(): Generator<CID> {
      for (let i = 0; ; i++) yield toCid(blocks[(i * 7) % 30]?.[0] as CidBytes);
    }
    let at = 0;
    for await (const { cid, bytes } of store.getMany(endless())) {
      const [expected, data] = blocks[(at * 7) % 30] as BlockEntry;
      mustEqual("order", fromCid(cid), expected);
      mustEqual("bytes", await joined(bytes), data);
      if (++at === 70) break;
    }
    mustBe("none of none", (await gathered(store.getMany([]))).length === 0);
  },
  "bytes of getMany may be read later, in any order": async (store) => {
    const blocks = sampleBlocks(100, 20);
    await store.putManyBytes(blocks);
    const found = await gathered(store.getMany(blocks.map(([cid]) => toCid(cid))));
    for (const [i, { bytes }] of [...found.entries()].reverse())
      mustEqual("bytes", await joined(bytes), blocks[i]?.[1]);
  },
  "getMany of an absent block fails when its bytes are asked for": async (store) => {
    for await (const { bytes } of store.getMany([toCid(sampleBlock(6)[0])])) {
      await mustThrow("its bytes", () => joined(bytes), "blockstore/not-found", "NotFoundError");
    }
  },
  "deleteMany yields each CID in order, absent ones too, once its block is gone": async (store) => {
    const blocks = sampleBlocks(100, 1100);
    await store.putManyBytes(blocks.filter((_, i) => i % 5 !== 0));
    let at = 0;
    for await (const cid of store.deleteMany(watched(() => blocks.map(([cid]) => toCid(cid))).source)) {
      mustEqual("order", fromCid(cid), blocks[at++]?.[0]);
      if (at % 50 === 0) mustBe("a yielded CID is gone", !(await store.hasBytes(fromCid(cid))));
    }
    mustBe("all are yielded", at === blocks.length, String(at));
    mustBe(
      "none is left",
      (await store.getManyBytes(blocks.map(([cid]) => cid))).every((bytes) => bytes === undefined),
    );
    mustBe("none of none", (await gathered(store.deleteMany([]))).length === 0);
  },
  "puts, reads and deletes may overlap": async (store) => {
    const blocks = sampleBlocks(100, 150);
    await Promise.all(blocks.map(([cid, bytes]) => store.put(toCid(cid), bytes)));
    const found = await Promise.all(blocks.map(([cid]) => store.getBytes(cid)));
    for (const [i, bytes] of found.entries()) mustEqual(`block ${i}`, bytes, blocks[i]?.[1]);
    const again = sampleBlocks(100, 50);
    await Promise.all([
      ...blocks.slice(50, 100).map(([cid]) => store.delete(toCid(cid))),
      store.putManyBytes(sampleBlocks(500, 50)),
      ...again.map(([cid]) => store.hasBytes(cid)),
      gathered(store.getMany(again.map(([cid]) => toCid(cid)))),
    ]);
    for (const [i, block] of blocks.entries()) {
      await mustHold(`block ${i}`, store, block[0], i >= 50 && i < 100 ? undefined : block[1]);
    }
    for (const block of sampleBlocks(500, 50)) mustEqual("put meanwhile", await store.getBytes(block[0]), block[1]);
  },
  "one block put many times at once is stored whole": async (store) => {
    const [cid, bytes] = sampleBlock(33, 100_000);
    await Promise.all(Array.from({ length: 40 }, () => store.put(toCid(cid), bytes)));
    await mustHold("afterwards", store, cid, bytes);
  },
  "a fired signal ends what has not begun": async (store, { unlisted }) => {
    const [held, other] = [sampleBlock(9), sampleBlock(10)];
    await store.putManyBytes([held]);
    const options = { signal: AbortSignal.abort() };
    const cid = toCid(held[0]);
    const uses: Record<string, () => unknown> = {
      has: () => store.has(cid, options),
      put: () => store.put(toCid(other[0]), other[1], options),
      get: () => joined(store.get(cid, options)),
      delete: () => store.delete(cid, options),
      putMany: () => gathered(store.putMany(pairs([other]), options)),
      getMany: async () => {
        for await (const { bytes } of store.getMany([cid], options)) await joined(bytes);
      },
      deleteMany: () => gathered(store.deleteMany([cid], options)),
      getBytes: () => store.getBytes(held[0], options),
      getManyBytes: () => store.getManyBytes([held[0]], options),
      hasBytes: () => store.hasBytes(held[0], options),
      putManyBytes: () => store.putManyBytes([other], options),
      deleteManyBytes: () => store.deleteManyBytes([held[0]], options),
    };
    if (unlisted !== true) {
      uses["getAll"] = () => gathered(store.getAll(options));
      uses["entries"] = () => gathered(store.entries(options));
    }
    for (const [name, use] of Object.entries(uses)) await mustThrow(name, use, "host/aborted", "HostFault");
    await mustHold("nothing was stored", store, other[0], undefined);
    await mustHold("nothing was deleted", store, ...held);
  },
  "a signal that fires meanwhile ends a stream at its next step": async (store, { unlisted }) => {
    const blocks = sampleBlocks(100, 1100);
    const cids = blocks.map(([cid]) => toCid(cid));
    const streams: Record<string, (signal: AbortSignal) => AsyncIterable<unknown> | Iterable<unknown>> = {
      putMany: (signal) => store.putMany(pairs(blocks), { signal }),
      getMany: (signal) => store.getMany(cids, { signal }),
      deleteMany: (signal) => store.deleteMany(cids, { signal }),
    };
    if (unlisted !== true) {
      streams["getAll"] = (signal) => store.getAll({ signal });
      streams["entries"] = (signal) => store.entries({ signal });
    }
    await store.putManyBytes(blocks.slice(0, 10));
    for (const name of ["getAll", "entries", "getMany", "deleteMany", "putMany"]) {
      const stop = new AbortController();
      const open = streams[name];
      if (open === undefined) continue;
      const take = async (): Promise<void> => {
        for await (const _ of open(stop.signal)) stop.abort();
      };
      await mustThrow(name, take, "host/aborted", "HostFault");
    }
  },
  "a signal that fires afterwards does nothing": async (store) => {
    const stop = new AbortController();
    const block = sampleBlock(11);
    await store.putManyBytes([block], { signal: stop.signal });
    const bytes = store.getBytes(block[0], { signal: stop.signal });
    await bytes;
    stop.abort();
    await mustHold("afterwards", store, ...block);
  },
};
