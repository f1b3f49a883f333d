import { cidKey, rawCidOf } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { sampleBlock, sampleBlocks } from "../../src/compliance/rules.ts";
import { describeReadOnlyAsyncStore } from "../../src/compliance.ts";
import { type BlockEntry, createMemoryBlockstore } from "../../src/index.ts";
import { type BlockFetch, createRemoteStore, RemoteError, type RemoteSource } from "../../src/remote.ts";
import { failingStore, holding, laterStore } from "../compose/bases.ts";
import { FakeClock, turns } from "./fake-clock.ts";

const [cid, bytes] = sampleBlock(1);

/** A source that answers with what each call gives, the last again and again; it counts its calls. */
function source(name: string, ...answers: (() => Promise<Uint8Array | undefined>)[]): RemoteSource & { calls: number } {
  const made = {
    name,
    calls: 0,
    fetch: () => (answers[Math.min(made.calls++, answers.length - 1)] as (typeof answers)[0])(),
  };
  return made;
}
const gives = async (): Promise<Uint8Array> => bytes;
const lacks = async (): Promise<undefined> => undefined;
const lies = async (): Promise<Uint8Array> => Uint8Array.of(1, 2, 3);
const fails = async (): Promise<never> => {
  throw new TypeError("connection refused");
};
const busy = (waitMs?: number) => async (): Promise<never> => {
  throw new RemoteError("remote/source-busy", { source: "busy", cid: "", status: 429, waitMs });
};
const never = (): Promise<never> => new Promise(() => {});

describeReadOnlyAsyncStore(
  "remote store",
  {
    unlisted: true,
    open(blocks) {
      const store = laterStore(holding(blocks));
      return createRemoteStore(
        { fetch: (cid, { signal }) => store.getBytes(cid, { signal }) },
        { maxBlockBytes: 4 << 20 },
      );
    },
  },
  { describe, it },
);

it("takes only bytes that hash to the CID, and names who lied and how", async () => {
  const failures: unknown[] = [];
  const store = createRemoteStore({
    sources: [source("liar", lies), source("honest", gives)],
    onFailure: (name, error) => failures.push([name, error]),
  });
  expect(await store.getBytes(cid)).toEqual(bytes);
  expect(failures).toMatchObject([
    ["liar", { code: "remote/block-mismatch", fault: "lie", facts: { source: "liar", length: 3 } }],
  ]);
  expect(store.standings().map(({ name }) => name)).toEqual(["honest", "liar"]);
  expect(store.standings()[1]).toMatchObject({ score: 0, faults: { lie: 1 } });
});

it("does not call a block absent where a source lied or failed", async () => {
  const clock = new FakeClock();
  const store = createRemoteStore({ sources: [source("liar", lies), source("empty", lacks)], clock });
  await expect(store.getBytes(cid)).rejects.toMatchObject({
    code: "remote/unavailable",
    facts: { attempts: 2, reasons: [expect.stringContaining("do not hash")] },
    cause: { code: "remote/block-mismatch" },
  });
  expect(await createRemoteStore({ sources: [source("a", lacks), source("b", lacks)] }).getBytes(cid)).toBeUndefined();
});

it("tries again what may pass, after pauses that double, and no liar", async () => {
  const clock = new FakeClock();
  const [flaky, liar] = [source("flaky", fails, fails, gives), source("liar", lies)];
  const store = createRemoteStore({ sources: [liar, flaky], clock, random: () => 0.5 }, { backoffMs: 100 });
  const getting = store.getBytes(cid);
  await turns();
  expect([flaky.calls, liar.calls]).toEqual([1, 1]);
  expect(clock.waits).toEqual([150]);
  clock.advance(150);
  await turns();
  expect(clock.waits).toEqual([300]);
  clock.advance(300);
  expect(await getting).toEqual(bytes);
  expect([flaky.calls, liar.calls]).toEqual([3, 1]);
});

it("ends with the reasons of all when the retries are used up", async () => {
  const clock = new FakeClock();
  const failing = source("a", fails);
  const getting = createRemoteStore({ sources: [failing], clock }, { retries: 1 }).getBytes(cid);
  await turns();
  clock.advance(250);
  await expect(getting).rejects.toMatchObject({
    facts: { attempts: 2, reasons: [expect.stringMatching("a failed on .*connection refused")] },
  });
});

it("leaves a busy source alone for as long as it asks, and asks the others", async () => {
  const clock = new FakeClock();
  const [taken, other] = [source("taken", busy(3000), gives), source("other", lacks)];
  const store = createRemoteStore({ sources: [taken, other], clock });
  const getting = store.getBytes(cid);
  await turns();
  expect(clock.waits).toEqual([3000]);
  const [second] = sampleBlock(2);
  const stop = new AbortController();
  store.getBytes(second, { signal: stop.signal }).catch(() => {});
  await turns();
  stop.abort();
  expect([taken.calls, other.calls]).toEqual([1, 2]);
  clock.advance(3000);
  expect(await getting).toEqual(bytes);
  expect(taken.calls).toBe(2);
});

it("does not wait for a source that will be busy for long", async () => {
  const clock = new FakeClock();
  const store = createRemoteStore({ sources: [source("taken", busy(300_000))], clock });
  const unavailable = { code: "remote/unavailable", cause: { code: "remote/source-busy" } };
  await expect(store.getBytes(cid)).rejects.toMatchObject(unavailable);
  await expect(store.getBytes(cid)).rejects.toMatchObject({ ...unavailable, facts: { attempts: 0 } });
  expect(clock.waits).toEqual([]);
});

it("gives up a source that does not answer in time, whether or not it minds the signal", async () => {
  const clock = new FakeClock();
  const store = createRemoteStore(
    { sources: [source("slow", never), source("quick", gives)], clock },
    { attemptMs: 500 },
  );
  const getting = store.getBytes(cid);
  await turns();
  clock.advance(500);
  expect(await getting).toEqual(bytes);
  expect(store.standings()[1]).toMatchObject({ name: "slow", faults: { stall: 1 } });
  const ends = createRemoteStore({ fetch: never, clock }, { attemptMs: 5000, totalMs: 700 }).getBytes(cid);
  await turns();
  clock.advance(700);
  await expect(ends).rejects.toMatchObject({ cause: { code: "remote/answer-late", facts: { waitedMs: 700 } } });
  expect(clock.waits).toEqual([]);
});

it("reads of one block at once share a fetch, which ends when the last of them has gone", async () => {
  const signals: AbortSignal[] = [];
  const waiting = Promise.withResolvers<Uint8Array>();
  const fetch: BlockFetch = (_, { signal }) => {
    signals.push(signal);
    return waiting.promise;
  };
  const store = createRemoteStore({ fetch });
  const [first, second] = [new AbortController(), new AbortController()];
  const gone = store.getBytes(cid, { signal: first.signal });
  const stays = store.getBytes(cid, { signal: second.signal });
  await turns();
  first.abort();
  await expect(gone).rejects.toMatchObject({ code: "host/aborted" });
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  waiting.resolve(bytes);
  expect(await stays).toEqual(bytes);

  const lonely = new AbortController();
  const third = createRemoteStore({
    fetch(_, { signal }) {
      signals.push(signal);
      return never();
    },
  });
  const ended = third.getBytes(cid, { signal: lonely.signal });
  await turns();
  lonely.abort();
  await expect(ended).rejects.toMatchObject({ code: "host/aborted" });
  expect(signals[1]?.aborted).toBe(true);
});

it("has no more fetches under way than allowed, and refuses more than may wait", async () => {
  let [running, most] = [0, 0];
  const blocks = new Map(sampleBlocks(1, 40).map(([key, block]) => [cidKey(key), block]));
  const fetch: BlockFetch = async (wanted) => {
    most = Math.max(most, ++running);
    await turns(2);
    running--;
    return blocks.get(cidKey(wanted));
  };
  const cids = sampleBlocks(1, 40).map(([key]) => key);
  const store = createRemoteStore({ fetch }, { maxInFlight: 4, maxWaiting: 10 });
  const found = await store.getManyBytes(cids);
  expect(found).toEqual(sampleBlocks(1, 40).map(([, block]) => block));
  expect(most).toBe(4);
  const all = await Promise.allSettled(cids.map((key) => store.getBytes(key)));
  expect(all.filter(({ status }) => status === "fulfilled").length).toBe(14);
  expect(all.find(({ status }) => status === "rejected")).toMatchObject({
    reason: { code: "remote/too-many-requests", facts: { limit: 14 } },
  });
});

it("refuses blocks past the limit, hash functions it cannot check, and answers identity CIDs itself", async () => {
  const large = new Uint8Array(2000);
  const asked = source("large", async () => large);
  const store = createRemoteStore({ sources: [asked] }, { maxBlockBytes: 1000 });
  await expect(store.getBytes(rawCidOf(large))).rejects.toMatchObject({
    cause: { code: "remote/block-too-long", fault: "garbage", facts: { length: 2000, limit: 1000 } },
  });
  const blake3 = concatBytes(Uint8Array.of(1, 0x55, 0x1e, 0x20), new Uint8Array(32));
  await expect(store.getBytes(blake3)).rejects.toMatchObject({ code: "cid/hash-unsupported" });
  expect(await store.getBytes(Uint8Array.of(1, 0x55, 0, 2, 8, 9))).toEqual(Uint8Array.of(8, 9));
  expect(asked.calls).toBe(1);
});

it("looks into the local store first, gives it what came, and does not mind when it is full", async () => {
  const local = createMemoryBlockstore();
  const far = source("far", gives);
  const store = createRemoteStore({ sources: [far], local });
  expect(await store.getBytes(cid)).toEqual(bytes);
  expect(local.getSync(cid)).toEqual(bytes);
  await store.getBytes(cid);
  expect(far.calls).toBe(1);

  const failures: unknown[] = [];
  const full = { ...failingStore(new Error("disk full")), getBytes: async () => undefined };
  const other = createRemoteStore({ sources: [far], local: full as never, onFailure: (name) => failures.push(name) });
  full.putManyBytes = failingStore(new Error("disk full")).putManyBytes;
  expect(await other.getBytes(cid)).toEqual(bytes);
  expect(failures).toEqual(["local"]);
});

it("asks the source that does best first", async () => {
  const clock = new FakeClock();
  const served = (ms: number, blocks: readonly BlockEntry[]) => {
    const store = holding(blocks);
    return async (key: Uint8Array): Promise<Uint8Array | undefined> => {
      clock.advance(ms);
      return store.getSync(key);
    };
  };
  const blocks = sampleBlocks(1, 30);
  const store = createRemoteStore({
    clock,
    sources: [
      { name: "poor", fetch: served(5, []) },
      { name: "slow", fetch: served(200, blocks) },
      { name: "quick", fetch: served(10, blocks) },
      { name: "broken", fetch: fails },
    ],
  });
  for (const [key, block] of blocks) expect(await store.getBytes(key)).toEqual(block);
  expect(store.standings().map(({ name, blocks }) => [name, blocks])).toEqual([
    ["quick", 29],
    ["slow", 1],
    ["poor", 0],
    ["broken", 0],
  ]);
});
