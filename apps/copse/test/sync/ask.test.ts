import { getEventListeners } from "node:events";
import { HostFault } from "@copse/primitives";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { askOne, askSources } from "../../src/sync/ask.ts";
import { SourcePool } from "../../src/sync/sources.ts";
import { cut, fakeSource, fakeWant, garbage, late, lie, notingRanking, refusal } from "./fake-source.ts";

const patience = { hedgeMs: 100, idleMs: 60_000 };
let stop: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  stop = new AbortController();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(stop.signal, "abort")).toEqual([]);
  vi.useRealTimers();
});

function poolOf(...ids: string[]): SourcePool {
  const pool = new SourcePool(notingRanking());
  for (const id of ids) pool.add(fakeSource(id));
  return pool;
}

describe("askSources", () => {
  it("fails over until one answers", async () => {
    const want = fakeWant();
    const answer = askSources(poolOf("a", "b", "c"), want, patience, stop.signal);
    for (const error of [late(), cut()]) {
      want.asked.at(-1)?.fail(error);
      await vi.advanceTimersByTimeAsync(0);
    }
    want.asked[2]?.answer("yes");
    expect(await answer).toEqual({ value: "yes", source: "c" });
  });

  it("does not ask those that are not to be asked", async () => {
    const want = { ...fakeWant(), not: new Set(["a"]) };
    const answer = askSources(poolOf("a", "b"), want, patience, stop.signal);
    expect(want.asked.map(({ source }) => source)).toEqual(["b"]);
    want.asked[0]?.answer("yes");
    expect(await answer).toMatchObject({ source: "b" });
    expect([...want.not]).toEqual(["a"]);
  });

  it("asks all again after a while when each has failed", async () => {
    const want = fakeWant();
    const answer = askSources(poolOf("a", "b"), want, patience, stop.signal);
    for (let i = 0; i < 2; i++) {
      want.asked[i]?.fail(late());
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(want.asked).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(250);
    expect(want.asked.map(({ source }) => source)).toEqual(["a", "b", "a"]);
    want.asked[2]?.answer("at last");
    expect(await answer).toMatchObject({ value: "at last" });
  });

  it("waits for a source that is not there yet", async () => {
    const pool = poolOf();
    const want = fakeWant();
    const answer = askSources(pool, want, patience, stop.signal);
    await vi.advanceTimersByTimeAsync(30_000);
    pool.add(fakeSource("late comer"));
    await vi.advanceTimersByTimeAsync(0);
    want.asked[0]?.answer("yes");
    expect(await answer).toMatchObject({ source: "late comer" });
  });

  it("fails with copse/no-peers when nobody came in time", async () => {
    const failure = expect(askSources(poolOf(), fakeWant(), patience, stop.signal)).rejects.toMatchObject({
      code: "copse/no-peers",
      facts: { tried: 0, why: "none is connected" },
    });
    await vi.advanceTimersByTimeAsync(60_000);
    await failure;
  });

  it("gives up in time on sources that fail again and again, with what the last one did", async () => {
    const want = fakeWant();
    const asked = { ...want, ask: () => Promise.reject(late()) };
    const failure = expect(askSources(poolOf("a", "b"), asked, patience, stop.signal)).rejects.toMatchObject({
      code: "copse/no-peers",
      cause: { code: "network/answer-late" },
    });
    await vi.advanceTimersByTimeAsync(61_000);
    await failure;
  });

  it("throws what the first liar did when all there were have lied", async () => {
    const pool = poolOf("a", "b");
    const want = fakeWant();
    const first = lie();
    const failure = expect(askSources(pool, want, patience, stop.signal)).rejects.toBe(first);
    want.asked[0]?.fail(first);
    await vi.advanceTimersByTimeAsync(0);
    want.asked[1]?.fail(garbage());
    await vi.advanceTimersByTimeAsync(3000);
    await failure;
    expect([...pool.dropped.keys()]).toEqual(["a", "b"]);
    expect(pool.size).toBe(0);
  });

  it("goes on where an honest source comes after the liars", async () => {
    const pool = poolOf("liar");
    const want = fakeWant();
    const answer = askSources(pool, want, patience, stop.signal);
    want.asked[0]?.fail(garbage());
    await vi.advanceTimersByTimeAsync(500);
    pool.add(fakeSource("honest"));
    pool.add(fakeSource("liar")); // it comes back, and is not let in
    await vi.advanceTimersByTimeAsync(0);
    expect(want.asked.map(({ source }) => source)).toEqual(["liar", "honest"]);
    want.asked[1]?.answer("true");
    expect(await answer).toEqual({ value: "true", source: "honest" });
  });

  describe("for what nobody may have", () => {
    const outcomes = (ranking: ReturnType<typeof notingRanking>): unknown[] =>
      ranking.told.filter(([, kind]) => kind !== "began");

    for (const kind of ["free", "free-if-alone"] as const) {
      it(`asks again less and less often, and holds nothing against those that refuse (${kind})`, async () => {
        const ranking = notingRanking();
        const pool = new SourcePool(ranking);
        for (const id of ["a", "b"]) pool.add(fakeSource(id));
        let asked = 0;
        const ask = async (): Promise<string> => {
          asked++;
          throw refusal();
        };
        const brief = { hedgeMs: 100, idleMs: 5000 };
        const answer = askSources(pool, { ask, size: () => 0, refusal: kind }, brief, stop.signal);
        const failure = expect(answer).rejects.toMatchObject({ code: "copse/no-peers" });
        await vi.advanceTimersByTimeAsync(6000);
        await failure;
        expect(asked).toBe(10); // after 0, 250, 750, 1750 and 3750 ms
        expect(new Set(ranking.told.map(([, told]) => told))).toEqual(new Set(["began", "ended"]));
      });
    }

    it("holds it against those that refused where another then serves it, unless that is free", async () => {
      for (const kind of ["free", "free-if-alone"] as const) {
        const ranking = notingRanking();
        const pool = new SourcePool(ranking);
        for (const id of ["a", "b"]) pool.add(fakeSource(id));
        const plain = fakeWant();
        const answer = askSources(pool, { ...plain, refusal: kind }, patience, stop.signal);
        plain.asked[0]?.fail(refusal());
        await vi.advanceTimersByTimeAsync(0);
        plain.asked[1]?.answer("yes");
        expect(await answer).toEqual({ value: "yes", source: "b" });
        const later = kind === "free" ? [] : [["a", "failed"]];
        expect(outcomes(ranking)).toEqual([["a", "ended"], ["b", "served"], ...later]);
      }
    });

    it("counts what is no refusal as ever", async () => {
      const ranking = notingRanking();
      const pool = new SourcePool(ranking);
      for (const id of ["a", "b"]) pool.add(fakeSource(id));
      const plain = fakeWant();
      const answer = askSources(pool, { ...plain, refusal: "free" }, patience, stop.signal);
      plain.asked[0]?.fail(late());
      await vi.advanceTimersByTimeAsync(0);
      plain.asked[1]?.answer("yes");
      await answer;
      expect(outcomes(ranking)).toEqual([
        ["a", "failed"],
        ["b", "served"],
      ]);
    });
  });

  it("fails with host/aborted while it asks and while it waits", async () => {
    for (const pool of [poolOf("a"), poolOf()]) {
      const one = new AbortController();
      const failure = expect(askSources(pool, fakeWant(), patience, one.signal)).rejects.toMatchObject({
        code: "host/aborted",
      });
      await vi.advanceTimersByTimeAsync(10);
      one.abort(new Error("Ctrl-C"));
      await failure;
      expect(getEventListeners(one.signal, "abort")).toEqual([]);
    }
  });
});

describe("askOne", () => {
  it("counts an answer, a failure, a lie, and what we ended ourselves", async () => {
    const ranking = notingRanking();
    const pool = new SourcePool(ranking);
    for (const id of ["a", "b", "c", "d"]) pool.add(fakeSource(id));
    expect(await askOne(pool, "a", async () => ["tipset"])).toEqual({ value: ["tipset"], source: "a" });
    await expect(askOne(pool, "b", () => Promise.reject(late()))).rejects.toThrow();
    await expect(askOne(pool, "c", () => Promise.reject(lie()))).rejects.toThrow();
    const aborted = new HostFault("host/aborted", { reason: "over" });
    await expect(askOne(pool, "d", () => Promise.reject(aborted))).rejects.toBe(aborted);
    expect(ranking.told.filter(([, kind]) => kind !== "began")).toEqual([
      ["a", "served"],
      ["b", "failed"],
      ["c", "lied"],
      ["d", "ended"],
    ]);
    expect([...pool.dropped.keys()]).toEqual(["c"]);
  });

  it("fails with copse/no-peers where the source is gone", async () => {
    await expect(askOne(poolOf(), "a", async () => [])).rejects.toMatchObject({ code: "copse/no-peers" });
  });
});
