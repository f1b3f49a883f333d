import { cidKey, fromCid, toCid } from "@copse/ipld";
import type { BlockEntry, Store } from "../store.ts";
import { maxCidBytes } from "../store.ts";
import { joined, mustBe, mustEqual, mustThrow, sampleBlock } from "./rules.ts";

/** Each rule of a block store: what it says, and a check of it on a fresh store. */
export const storeRules: Readonly<Record<string, (store: Store) => Promise<void>>> = {
  "gives back what was put, by both faces": async (store) => {
    const [cid, bytes] = sampleBlock(1);
    store.putSync(cid, bytes);
    mustEqual("getSync", store.getSync(cid), bytes);
    mustBe("hasSync", store.hasSync(cid));
    mustEqual("getBytes", await store.getBytes(cid), bytes);
    mustBe("has", await store.has(toCid(cid)));
    mustEqual("get", await joined(store.get(toCid(cid))), bytes);
  },
  "an absent block is undefined, false, or NotFoundError": async (store) => {
    const [cid] = sampleBlock(2);
    mustEqual("getSync", store.getSync(cid), undefined);
    mustBe("hasSync", !store.hasSync(cid));
    mustEqual("getBytes", await store.getBytes(cid), undefined);
    mustBe("has", !(await store.has(toCid(cid))));
    await mustThrow("get", () => joined(store.get(toCid(cid))), "blockstore/not-found", "NotFoundError");
  },
  "put takes bytes, iterables and async iterables, and gives the CID": async (store) => {
    const halves = (bytes: Uint8Array): Uint8Array[] => [bytes.subarray(0, 9), bytes.subarray(9)];
    for (const [seed, form] of [
      halves,
      async function* (b: Uint8Array) {
        yield* halves(b);
      },
    ].entries()) {
      const [cid, bytes] = sampleBlock(10 + seed);
      const put = await store.put(toCid(cid), form(bytes));
      mustEqual("the CID put gives", fromCid(put), cid);
      mustEqual("the block", store.getSync(cid), bytes);
    }
  },
  "a put block is a copy": async (store) => {
    const [cid, bytes] = sampleBlock(3);
    const given = Uint8Array.from(bytes);
    store.putSync(cid, given);
    given.fill(0);
    mustEqual("after the caller's array changed", store.getSync(cid), bytes);
  },
  "a second put of a CID changes nothing": async (store) => {
    const [cid, bytes] = sampleBlock(4);
    store.putSync(cid, bytes);
    store.putSync(cid, Uint8Array.of(1));
    store.putManySync([
      [cid, Uint8Array.of(2)],
      [cid, Uint8Array.of(3)],
    ]);
    mustEqual("the first bytes stay", store.getSync(cid), bytes);
  },
  "CIDs that differ only in codec are two blocks": async (store) => {
    const [cid, bytes] = sampleBlock(7);
    const other = Uint8Array.from(cid);
    other[1] = cid[1] === 0x71 ? 0x55 : 0x71;
    store.putSync(cid, bytes);
    mustBe("the other codec is absent", !store.hasSync(other));
    store.putSync(other, Uint8Array.of(9));
    mustEqual("first", store.getSync(cid), bytes);
    mustEqual("second", store.getSync(other), Uint8Array.of(9));
    store.deleteSync(cid);
    mustBe("the first is gone", !store.hasSync(cid));
    mustEqual("the second stays", store.getSync(other), Uint8Array.of(9));
  },
  "empty, large and identity blocks": async (store) => {
    const [empty] = sampleBlock(30);
    store.putSync(empty, new Uint8Array(0));
    mustEqual("empty", store.getSync(empty), new Uint8Array(0));
    const [large, bytes] = sampleBlock(31, 3_000_000);
    store.putSync(large, bytes);
    mustEqual("3 MB", store.getSync(large), bytes);
    const identity = Uint8Array.of(1, 0x55, 0, 3, 7, 8, 9);
    store.putSync(identity, Uint8Array.of(7, 8, 9));
    mustEqual("identity", store.getSync(identity), Uint8Array.of(7, 8, 9));
  },
  "many identity CIDs with one beginning do not mix": async (store) => {
    const cids = Array.from({ length: 200 }, (_, i) =>
      Uint8Array.of(1, 0x55, 0, 12, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, i),
    );
    store.putManySync(cids.map((cid, i): BlockEntry => [cid, Uint8Array.of(i)]));
    for (const [i, cid] of cids.entries()) mustEqual(`identity ${i}`, store.getSync(cid), Uint8Array.of(i));
  },
  "delete removes, and a deleted block can be put again": async (store) => {
    const [cid, bytes] = sampleBlock(5);
    store.putSync(cid, bytes);
    store.deleteSync(cid);
    store.deleteSync(cid);
    mustBe("gone", !store.hasSync(cid));
    store.putSync(cid, bytes);
    mustEqual("back", store.getSync(cid), bytes);
    await store.delete(toCid(cid));
    mustBe("gone again", !(await store.has(toCid(cid))));
  },
  "putMany, getMany, deleteMany and getAll stream": async (store) => {
    const blocks = Array.from({ length: 3000 }, (_, i) => sampleBlock(100 + i));
    let put = 0;
    for await (const cid of store.putMany(blocks.map(([cid, bytes]) => ({ cid: toCid(cid), bytes })))) {
      mustBe("a yielded CID is stored", store.hasSync(fromCid(cid)));
      put++;
    }
    mustBe("all are yielded", put === blocks.length, String(put));
    const wanted = blocks.slice(0, 50).map(([cid]) => toCid(cid));
    let at = 0;
    for await (const { cid, bytes } of store.getMany(wanted)) {
      mustBe("getMany keeps the order", cid.equals(wanted[at]));
      mustEqual("getMany's bytes", await joined(bytes), blocks[at++]?.[1]);
    }
    const all = new Set<string>();
    for await (const { cid } of store.getAll()) all.add(cidKey(fromCid(cid)));
    mustBe("getAll gives each once", all.size === blocks.length, String(all.size));
    for await (const _ of store.deleteMany(wanted));
    mustBe("deleteMany", !store.hasSync(blocks[49]?.[0] as Uint8Array) && store.hasSync(blocks[50]?.[0] as Uint8Array));
  },
  "getMany of an absent block fails when its bytes are asked for": async (store) => {
    for await (const { bytes } of store.getMany([toCid(sampleBlock(6)[0])])) {
      await mustThrow("its bytes", () => joined(bytes), "blockstore/not-found", "NotFoundError");
    }
  },
  "a CID beyond the limit is refused, and with it its whole batch": async (store) => {
    const [cid, bytes] = sampleBlock(8);
    const long = new Uint8Array(maxCidBytes + 1);
    await mustThrow(
      "too long",
      () =>
        store.putManySync([
          [cid, bytes],
          [long, bytes],
        ]),
      "blockstore/cid-too-long",
    );
    mustBe("nothing was stored", !store.hasSync(cid));
  },
  "a fired signal ends what has not begun": async (store) => {
    const [cid, bytes] = sampleBlock(9);
    const signal = AbortSignal.abort();
    await mustThrow("put", () => store.put(toCid(cid), bytes, { signal }), "host/aborted");
    await mustThrow("getBytes", () => store.getBytes(cid, { signal }), "host/aborted");
    mustBe("nothing was stored", !store.hasSync(cid));
  },
};
