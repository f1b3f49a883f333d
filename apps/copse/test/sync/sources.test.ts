import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SourcePool } from "../../src/sync/sources.ts";
import { fakeSource, lie, notingRanking } from "./fake-source.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const signal = new AbortController().signal;

describe("SourcePool", () => {
  it("gives sources as they are ranked, without those tried and those the ranking leaves out", () => {
    const pool = new SourcePool({ ...notingRanking(), rank: (ids) => ids.toReversed().filter((id) => id !== "b") });
    for (const id of ["a", "b", "c", "d"]) pool.add(fakeSource(id));
    expect(pool.ranked(new Set(["d"])).map(({ id }) => id)).toEqual(["c", "a"]);
    expect(pool.size).toBe(4);
  });

  it("drops a liar for good, tells of it once, and keeps it out", () => {
    const ranking = notingRanking();
    const pool = new SourcePool(ranking);
    pool.add(fakeSource("a"));
    const first = lie();
    pool.report("a", { kind: "lied", error: first });
    pool.report("a", { kind: "lied", error: lie() }); // a second question was under way
    expect(ranking.told).toEqual([
      ["a", "lied"],
      ["a", "ended"],
    ]);
    pool.add(fakeSource("a"));
    expect(pool.get("a")).toBeUndefined();
    expect(pool.dropped.get("a")).toBe(first);
  });

  it("remembers a bounded number of liars", () => {
    const pool = new SourcePool(notingRanking());
    for (let i = 0; i < 1100; i++) pool.report(`s${i}`, { kind: "lied", error: lie() });
    expect(pool.dropped.size).toBe(1024);
    expect(pool.dropped.has("s1099")).toBe(true);
  });

  it("lets one that went away come back", () => {
    const pool = new SourcePool(notingRanking());
    pool.add(fakeSource("a"));
    pool.report("a", { kind: "failed", error: new Error("gone") });
    pool.remove("a");
    expect(pool.size).toBe(0);
    pool.add(fakeSource("a"));
    expect(pool.size).toBe(1);
  });

  it("wakes every waiter when a source comes or goes", async () => {
    const pool = new SourcePool(notingRanking());
    const waits = [pool.changed(1000, signal), pool.changed(9000, signal)];
    pool.add(fakeSource("a"));
    expect(await Promise.all(waits)).toEqual([true, true]);
    const gone = pool.changed(1000, signal);
    pool.remove("a");
    expect(await gone).toBe(true);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("says false when the time is over, and fails when it is stopped", async () => {
    const pool = new SourcePool(notingRanking());
    const wait = pool.changed(1000, signal);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await wait).toBe(false);
    const stop = new AbortController();
    const failure = expect(pool.changed(1000, stop.signal)).rejects.toMatchObject({ code: "host/aborted" });
    stop.abort(new Error("over"));
    await failure;
    await expect(pool.changed(1000, stop.signal)).rejects.toMatchObject({ code: "host/aborted" });
    expect(getEventListeners(stop.signal, "abort")).toEqual([]);
  });
});
