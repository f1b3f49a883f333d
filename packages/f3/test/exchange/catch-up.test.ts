import { HostFault } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { encodeCertificate } from "../../src/certificate.ts";
import { type CatchUpOptions, catchUp, type SourceFault } from "../../src/exchange/index.ts";
import { bytesOf, certificate, honest, markCheck, openStore, source } from "./fake-chain.ts";

const late = () => new Promise<never>(() => {});

async function run(sources: CatchUpOptions["sources"], options: Partial<CatchUpOptions> = {}) {
  const store = await openStore();
  const faults: SourceFault[] = [];
  const progress: number[] = [];
  const result = await catchUp({
    sources,
    store,
    check: markCheck,
    window: 16,
    patienceMs: 200,
    probeMs: 200,
    hedgeMs: 10_000,
    onFault: (fault) => faults.push(fault),
    onProgress: ({ nextInstance }) => progress.push(nextInstance),
    ...options,
  });
  return { store, faults, progress, result, told: faults.map(({ peer, kind }) => `${peer} ${kind}`).sort() };
}

describe("catching up", () => {
  it("stores what one source holds, window by window", async () => {
    const one = source("one", honest(50));
    const { store, result, progress, faults } = await run([one]);
    expect(result).toEqual({ nextInstance: 50, pending: 50, accepted: 50, answered: 1, caughtUp: true });
    expect(progress).toEqual([16, 32, 48, 50]);
    expect(one.asked.map(({ first, limit }) => [first, limit])).toEqual([
      [0, 0],
      [0, 16],
      [16, 16],
      [32, 16],
      [48, 2],
    ]);
    expect(faults).toEqual([]);
    for (const instance of [0, 31, 49]) expect(await store.get(instance)).toEqual(bytesOf(instance));
    expect(store.latest).toEqual(certificate(49));
  });

  it("asks several at once, each for other windows", async () => {
    let running = 0;
    let most = 0;
    const counted = (count: number) => async (ask: Parameters<ReturnType<typeof honest>>[0]) => {
      if (ask.limit > 0) most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (ask.limit > 0) running--;
      return honest(count)(ask);
    };
    const sources = ["a", "b", "c", "d"].map((peer) => source(peer, counted(300)));
    const { result, faults } = await run(sources);
    expect(result).toMatchObject({ nextInstance: 300, caughtUp: true });
    expect(most).toBeGreaterThan(2);
    expect(faults).toEqual([]);
    const windows = sources.flatMap(({ asked }) => asked.filter(({ limit }) => limit > 0).map(({ first }) => first));
    expect(windows.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 19 }, (_, i) => i * 16)); // none twice
    for (const { asked, most: atOnce } of sources) {
      expect(asked.length).toBeGreaterThan(2);
      expect(atOnce()).toBe(1);
    }
  });

  it("takes what others have signed of a stored decision, and reports who decides otherwise", async () => {
    const store = await openStore();
    const here = Array.from({ length: 24 }, (_, instance) => certificate(instance));
    // Somebody else stores certificates while the sources are asked for them.
    const meanwhile =
      (make: (instance: number) => Uint8Array) => async (ask: Parameters<ReturnType<typeof honest>>[0]) => {
        if (ask.limit > 0) await store.put(here, markCheck);
        return honest(40, make)(ask);
      };
    const resigned = source(
      "resigned",
      meanwhile((instance) => bytesOf(instance, true, 7)),
    );
    const taken = await run([resigned], { store });
    expect(taken.faults).toEqual([]);
    expect(taken.result).toMatchObject({ nextInstance: 40, caughtUp: true });
    expect(await store.get(23)).toEqual(bytesOf(23));
    expect(await store.get(24)).toEqual(bytesOf(24, true, 7));

    const another = await openStore();
    const twisted = source("twisted", async (ask) => {
      if (ask.limit > 0) await another.put(here, markCheck);
      return honest(40, (instance) => {
        const same = certificate(instance);
        const commitments = new Uint8Array(32).fill(instance === 5 ? 1 : 0);
        return encodeCertificate({ ...same, supplementalData: { ...same.supplementalData, commitments } });
      })(ask);
    });
    const caught = await run([twisted], { store: another });
    expect(caught.told).toEqual(["twisted lie"]);
    expect(caught.faults[0]?.error).toMatchObject({ code: "f3/store-conflict", facts: { instance: 5 } });
    expect(await another.get(5)).toEqual(bytesOf(5));
    expect(another.latest?.instance).toBe(23);
  });

  it("holds no more windows than it may", async () => {
    const gate = Promise.withResolvers<void>();
    const slow = source("slow", async (ask) => {
      if (ask.limit > 0 && ask.first === 0) await gate.promise;
      return honest(500)(ask);
    });
    const fast = source("fast", honest(500));
    const running = run([slow, fast], { ahead: 4, patienceMs: 60_000 });
    while (fast.asked.length < 4) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(fast.asked.map(({ first }) => first)).toEqual([0, 16, 32, 48]);
    gate.resolve();
    expect((await running).result).toMatchObject({ nextInstance: 500, caughtUp: true });
  });

  it("is done at once where nobody holds more, and says so where nobody answers", async () => {
    expect((await run([source("a", honest(0))])).result).toEqual({
      nextInstance: 0,
      pending: 0,
      accepted: 0,
      answered: 1,
      caughtUp: true,
    });
    expect((await run([])).result).toMatchObject({ answered: 0, caughtUp: false });
  });

  it("goes on from what is stored, and never replaces it", async () => {
    const { store } = await run([source("a", honest(20))]);
    const other = source(
      "b",
      honest(40, (instance) => bytesOf(instance, true, 7)),
    );
    const result = await catchUp({ sources: [other], store, check: markCheck });
    expect(result).toMatchObject({ nextInstance: 40, accepted: 20 });
    expect(other.asked.map(({ first }) => first)).toEqual([20, 20]);
    expect(await store.get(19)).toEqual(bytesOf(19));
    expect(await store.get(20)).toEqual(bytesOf(20, true, 7));
    expect(await store.put([certificate(3, true, 9)], markCheck)).toMatchObject({ accepted: 1 });
    expect(await store.get(3)).toEqual(bytesOf(3));
  });

  it("takes short answers, and asks for the rest", async () => {
    const { result, faults } = await run([source("a", honest(60, bytesOf, 5))]);
    expect(result).toMatchObject({ nextInstance: 60, caughtUp: true });
    expect(faults).toEqual([]);
  });
});

describe("sources that are not honest", () => {
  const good = () => source("good", honest(80));

  it.each([
    ["a bad signature", (instance: number) => bytesOf(instance, instance !== 40)],
    ["a wrong instance", (instance: number) => bytesOf(instance === 40 ? 41 : instance)],
    ["bytes that are no certificate", (instance: number) => (instance === 40 ? new Uint8Array(9) : bytesOf(instance))],
  ])("are dropped for %s, once, and lose nothing of others", async (_, make) => {
    const { result, told, faults, store } = await run([source("liar", honest(80, make)), good()]);
    expect(result).toMatchObject({ nextInstance: 80, caughtUp: true, answered: 1 });
    expect(told).toEqual(["liar lie"]);
    expect(faults[0]?.error).toMatchObject({ code: expect.stringMatching(/^f3\//) });
    for (let instance = 0; instance < 80; instance++) expect(await store.get(instance)).toEqual(bytesOf(instance));
  });

  it("cost one slice: what is behind a lie is not read", async () => {
    const seen: number[] = [];
    const make = (bad: number) => (instance: number) => {
      const bytes = bytesOf(instance, instance !== bad);
      bytes.slice = (...range) => {
        seen.push(instance); // decoding begins with a copy
        return Uint8Array.prototype.slice.apply(bytes, range) as Uint8Array<ArrayBuffer>;
      };
      return bytes;
    };
    const { told } = await run([source("liar", honest(256, make(0)))], { window: 256 });
    expect(told).toEqual(["liar lie"]);
    expect(seen).toEqual(Array.from({ length: 64 }, (_, at) => at));
  });

  it("are told of once where the second slice is no certificate, and the first is kept", async () => {
    const make = (instance: number) => (instance === 100 ? new Uint8Array(9) : bytesOf(instance));
    const { result, told, faults, progress } = await run([source("liar", honest(256, make))], { window: 256 });
    expect(result).toMatchObject({ nextInstance: 100, caughtUp: false });
    expect(progress).toEqual([64, 100]);
    expect(told).toEqual(["liar lie"]);
    expect(faults[0]?.error).toMatchObject({ code: "f3/source-garbage", facts: { instance: 100 } });
  });

  it("have their bytes cut into slices of 512 KiB", async () => {
    const seen: number[] = [];
    const make = (instance: number) => {
      const bytes = new Uint8Array(150 << 10);
      bytes.slice = () => {
        seen.push(instance);
        return bytesOf(instance, instance !== 1) as Uint8Array<ArrayBuffer>;
      };
      return bytes;
    };
    await run([source("liar", honest(16, make))]);
    expect(seen).toEqual([0, 1, 2]);
  });

  it("do not fill the memory while another is waited for", async () => {
    const gate = Promise.withResolvers<void>();
    const slow = source("slow", async (ask) => {
      if (ask.limit > 0 && ask.first === 0) await gate.promise;
      return honest(500)(ask);
    });
    const much = source("much", ({ first, limit }) => ({
      pending: 500,
      certificates: Array.from({ length: limit }, (_, at) => (first === 0 ? bytesOf(at) : new Uint8Array(1 << 20))),
    }));
    const running = run([slow, much], { ahead: 8, patienceMs: 60_000, hedgeMs: 60_000 });
    while (much.asked.length < 4) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(much.asked.map(({ first }) => first)).toEqual([0, 16, 32, 48]); // two wait, the third was turned away
    gate.resolve();
    const { result, told } = await running;
    expect(result).toMatchObject({ nextInstance: 500, caughtUp: true });
    expect(told).toEqual(["much lie"]);
  });

  it.each([
    ["throws", () => Promise.reject(new TypeError("socket is null"))],
    ["ends its answer by", () => ({ pending: 80, certificates: [], failure: new TypeError("socket is null") })],
    ["rejects with", () => Promise.reject("socket is null")],
  ])("fail alone when one %s something without a code", async (_, answer) => {
    const { result, told, faults } = await run([source("odd", answer), good()]);
    expect(result).toMatchObject({ nextInstance: 80, caughtUp: true });
    expect(told).toEqual(["odd failed"]);
    expect(faults[0]?.error).toMatchObject({ code: "f3/source-failed", facts: { why: "socket is null" } });
  });

  it("keep what they sent before it", async () => {
    const { result, told } = await run([
      source(
        "liar",
        honest(80, (instance) => bytesOf(instance, instance !== 40)),
      ),
    ]);
    expect(result).toMatchObject({ nextInstance: 40, caughtUp: false, answered: 0 });
    expect(told).toEqual(["liar lie"]);
  });

  it("are dropped when they leave out certificates", async () => {
    const gap = source("gap", (ask) => {
      const { pending, certificates } = honest(80)(ask);
      return { pending, certificates: certificates.filter((_, i) => i !== 3) };
    });
    const { result, told } = await run([gap, good()]);
    expect(result).toMatchObject({ nextInstance: 80 });
    expect(told).toEqual(["gap lie"]);
  });

  it("are dropped when they give more than was asked for", async () => {
    const { result, told } = await run([
      source("many", ({ first, limit }) => honest(80)({ first, limit: limit + 1 })),
      good(),
    ]);
    expect(result).toMatchObject({ nextInstance: 80 });
    expect(told).toEqual(["many lie"]);
  });

  it("do not keep it from ending when they claim what nobody has", async () => {
    const boaster = source("boaster", (ask) => ({ ...honest(80)(ask), pending: 2 ** 50 }));
    const { result, told } = await run([boaster, good()]);
    expect(result).toMatchObject({ nextInstance: 80, pending: 80, caughtUp: true });
    expect(told).toEqual(["boaster failed"]);
  });

  it("are left behind when they do not answer, heed no signal, or stop half-way", async () => {
    const mute = source("mute", late);
    const stops = source("stops", (ask) => (ask.limit === 0 ? honest(80)(ask) : late()));
    const { result, told } = await run([mute, stops, good()]);
    expect(result).toMatchObject({ nextInstance: 80, caughtUp: true });
    expect(told).toEqual(["mute stall", "stops stall"]);
  });

  it("do not hold up the window whose turn it is", async () => {
    const stops = source("stops", (ask) => (ask.limit === 0 ? honest(80)(ask) : late()));
    const { result, told } = await run([stops, good()], { patienceMs: 60_000, hedgeMs: 20 });
    expect(result).toMatchObject({ nextInstance: 80, caughtUp: true });
    expect(told).toEqual([]);
  });

  it("that fail on the way leave what they gave", async () => {
    const failure = Object.assign(new HostFault("host/store-failed", { operation: "x", reason: "y" }), {
      fault: "gone",
    });
    const breaks = source("breaks", (ask) => {
      const { pending, certificates } = honest(80)(ask);
      return { pending, certificates: certificates.slice(0, 3), failure: ask.limit === 0 ? undefined : failure };
    });
    const { result, told } = await run([breaks]);
    expect(result).toMatchObject({ nextInstance: 3, caughtUp: false });
    expect(told).toEqual(["breaks failed"]);
  });

  it("all fail: what is stored stays, and the next catch-up goes on", async () => {
    const first = await run([
      source(
        "liar",
        honest(80, (instance) => bytesOf(instance, instance < 33)),
      ),
    ]);
    expect(first.result.nextInstance).toBe(33);
    const second = await catchUp({ sources: [good()], store: first.store, check: markCheck });
    expect(second).toMatchObject({ nextInstance: 80, accepted: 47 });
  });
});

describe("an end from outside", () => {
  it("stops it and keeps what is stored", async () => {
    const stop = new AbortController();
    const store = await openStore();
    const running = catchUp({
      sources: [source("a", (ask) => (ask.first < 32 ? honest(80)(ask) : late()))],
      store,
      check: markCheck,
      window: 16,
      signal: stop.signal,
      onProgress: ({ nextInstance }) => nextInstance === 32 && stop.abort(new Error("enough")),
    });
    await expect(running).rejects.toMatchObject({ code: "host/aborted" });
    expect(store.latest?.instance).toBe(31);
  });

  it("passes trouble of the store through", async () => {
    const fault = new HostFault("host/store-failed", { operation: "write", reason: "disk full" });
    const store = { ...(await openStore()), put: () => Promise.reject(fault) };
    await expect(catchUp({ sources: [source("a", honest(5))], store, check: markCheck })).rejects.toBe(fault);
  });
});
