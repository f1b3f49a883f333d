import { getEventListeners } from "node:events";
import { HostFault } from "@copse/primitives";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isLie, raceSources } from "../../src/sync/race.ts";
import { SourcePool } from "../../src/sync/sources.ts";
import { cut, fakeSource, fakeWant, garbage, late, lie, notingRanking } from "./fake-source.ts";

const patience = { hedgeMs: 100, idleMs: 1000 };
const stop = new AbortController();

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(stop.signal, "abort")).toEqual([]);
  vi.useRealTimers();
});

function setUp(...ids: string[]) {
  const ranking = notingRanking();
  const pool = new SourcePool(ranking);
  const candidates = ids.map(fakeSource);
  for (const source of candidates) pool.add(source);
  const want = fakeWant();
  return { ranking, pool, candidates, want, race: raceSources(pool, want, candidates, patience, stop.signal) };
}

const names = ({ asked }: ReturnType<typeof fakeWant>): string[] => asked.map(({ source }) => source);

describe("raceSources", () => {
  it("asks one source while it answers in time", async () => {
    const { want, race, ranking } = setUp("a", "b");
    await vi.advanceTimersByTimeAsync(99);
    want.asked[0]?.answer("yes");
    expect(await race).toMatchObject({ value: "yes", source: "a" });
    expect(names(want)).toEqual(["a"]);
    expect(ranking.told).toEqual([
      ["a", "began"],
      ["a", "served"],
    ]);
  });

  it("asks the next as well when one is slow; the first answer wins, and the others are told to stop", async () => {
    const { want, race, ranking } = setUp("a", "b", "c");
    await vi.advanceTimersByTimeAsync(100);
    expect(names(want)).toEqual(["a", "b"]);
    want.asked[1]?.answer("from b");
    expect(await race).toMatchObject({ value: "from b", source: "b" });
    expect(want.asked[0]?.signal.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(ranking.told.slice(2)).toEqual([
      ["b", "served"],
      ["a", "failed"], // it had all our patience
    ]);
  });

  it("does not blame one that was overtaken before its time", async () => {
    const { want, race, ranking } = setUp("a", "b", "c");
    await vi.advanceTimersByTimeAsync(150);
    want.asked[0]?.answer("from a");
    await race;
    await vi.advanceTimersByTimeAsync(0);
    expect(ranking.told.at(-1)).toEqual(["b", "ended"]);
  });

  it("asks the next at once when one fails", async () => {
    const { want, race, ranking } = setUp("a", "b");
    want.asked[0]?.fail(late());
    await vi.advanceTimersByTimeAsync(0);
    expect(names(want)).toEqual(["a", "b"]);
    want.asked[1]?.answer("from b");
    expect(await race).toMatchObject({ source: "b" });
    expect(ranking.told).toContainEqual(["a", "failed"]);
  });

  it("asks at most three at once, and the fourth in the place of the first that fails", async () => {
    const { want, race } = setUp("a", "b", "c", "d", "e");
    await vi.advanceTimersByTimeAsync(5000);
    expect(names(want)).toEqual(["a", "b", "c"]);
    want.asked[1]?.fail(late());
    await vi.advanceTimersByTimeAsync(0);
    expect(names(want)).toEqual(["a", "b", "c", "d"]);
    want.asked[3]?.answer("from d");
    expect(await race).toMatchObject({ source: "d" });
  });

  it("gives what each failed with when all have", async () => {
    const { want, race, ranking, pool } = setUp("a", "b", "c");
    const errors = [late(), garbage(), cut()];
    for (const [i, error] of errors.entries()) {
      want.asked[i]?.fail(error);
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(await race).toEqual({
      failed: [
        ["a", errors[0]],
        ["b", errors[1]],
        ["c", errors[2]],
      ],
    });
    expect(ranking.told.filter(([, kind]) => kind !== "began").map(([, kind]) => kind)).toEqual([
      "failed",
      "lied",
      "failed",
    ]);
    expect([...pool.dropped]).toEqual([["b", errors[1]]]);
  });

  it("gives nothing when there is nobody", async () => {
    expect(await setUp().race).toEqual({ failed: [] });
  });

  it("fails with host/aborted when it is stopped, and blames nobody", async () => {
    const over = new AbortController();
    const { pool, candidates, ranking } = setUpIdle("a", "b");
    const want = fakeWant();
    const race = raceSources(pool, want, candidates, patience, over.signal);
    const failure = expect(race).rejects.toMatchObject({ code: "host/aborted" });
    await vi.advanceTimersByTimeAsync(500);
    over.abort(new Error("Ctrl-C"));
    await failure;
    await vi.advanceTimersByTimeAsync(0);
    expect(want.asked.every(({ signal }) => signal.aborted)).toBe(true);
    expect(ranking.told.filter(([, kind]) => kind !== "began")).toEqual([
      ["a", "ended"],
      ["b", "ended"],
    ]);
    expect(getEventListeners(over.signal, "abort")).toEqual([]);
  });

  it("asks nobody when it was stopped before", async () => {
    const { pool, candidates } = setUpIdle("a");
    const want = fakeWant();
    const race = raceSources(pool, want, candidates, patience, AbortSignal.abort(new Error("before")));
    await expect(race).rejects.toBeInstanceOf(HostFault);
    expect(want.asked).toEqual([]);
  });

  it("ends once, asks nobody twice and reports each question once, however answers and time interleave", async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constantFrom("answer", "late", "garbage"), at: fc.nat(5) }),
      fc.record({ do: fc.constant("wait" as const), at: fc.nat(250) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 12 }), async (count, steps) => {
        const { want, race, ranking } = setUp(...Array.from({ length: count }, (_, i) => `s${i}`));
        let ended: Awaited<typeof race> | undefined;
        void race.then((outcome) => {
          ended = outcome;
        });
        for (const { do: what, at } of steps) {
          const one = want.asked[at];
          if (what === "wait") await vi.advanceTimersByTimeAsync(at);
          else if (what === "answer") one?.answer(one.source);
          else one?.fail(what === "late" ? late() : garbage());
          await vi.advanceTimersByTimeAsync(0);
          const open = ranking.told.filter(([, kind]) => kind === "began").length * 2 - ranking.told.length;
          expect(open).toBeLessThanOrEqual(3);
        }
        for (let i = 0; ended === undefined && i < 20; i++) {
          for (const { source, answer } of want.asked) answer(source); // those that have failed stay failed
          await vi.advanceTimersByTimeAsync(0);
        }
        await vi.advanceTimersByTimeAsync(0);
        expect(ended).toBeDefined();
        expect(new Set(names(want)).size).toBe(want.asked.length);
        expect(ranking.told.length).toBe(want.asked.length * 2);
        if (ended !== undefined && "value" in ended) expect(ended.value).toBe(ended.source);
        else expect(want.asked.length).toBe(count);
        expect(vi.getTimerCount()).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

function setUpIdle(...ids: string[]): Omit<ReturnType<typeof setUp>, "race" | "want"> {
  const ranking = notingRanking();
  const pool = new SourcePool(ranking);
  const candidates = ids.map(fakeSource);
  for (const source of candidates) pool.add(source);
  return { ranking, pool, candidates };
}

describe("isLie", () => {
  it("is true of lies and garbage, and false of an answer that was cut, a slow peer, and faults of ours", () => {
    expect(isLie(lie())).toBe(true);
    expect(isLie(garbage())).toBe(true);
    expect(isLie(cut())).toBe(false);
    expect(isLie(late())).toBe(false);
    expect(isLie(new HostFault("host/aborted", { reason: "x" }))).toBe(false);
    expect(isLie(Object.assign(new Error("not ours"), { fault: "lie" }))).toBe(false);
    expect(isLie(undefined)).toBe(false);
  });
});
