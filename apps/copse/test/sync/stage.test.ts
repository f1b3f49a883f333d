import { createMemoryDatabase } from "@copse/blockstore";
import type { ChainStore, HeightRange, LinkedTipset } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type MintedChain, mintChain, storeMinted } from "../../src/local/minted-chain.ts";
import { type CountsTable, countsTable } from "../../src/sync/counts.ts";
import { gapsIn, runStage, type Stage, type StageResult } from "../../src/sync/stage.ts";

const level = "messages-checked";
const never = new AbortController().signal;
let chain: MintedChain;
let heights: number[];
let top: number;
/** A null round right above a tipset. */
let empty: number;
let database: ReturnType<typeof createMemoryDatabase>;
let store: ChainStore;
let counts: CountsTable;

beforeAll(async () => {
  chain = await mintChain(
    createMint({ seed: "stage", blocks: 0.7, signatures: "none", forks: 0 }),
    80,
    () => {},
    never,
  );
  heights = chain.tipsets.map(({ tipset }) => tipset.height);
  top = heights.at(-1) as number;
  empty = (heights.find((height, i) => height > 20 && (heights[i + 1] ?? 0) > height + 1) as number) + 1;
});
beforeEach(async () => {
  database = createMemoryDatabase();
  store = await storeMinted(chain, database);
  counts = countsTable(database);
});

/** A stage that counts tipsets, by `check`. */
function stageOf(
  check: (run: readonly LinkedTipset[], first: boolean, signal: AbortSignal) => Promise<StageResult> | StageResult,
  shape: { size?: number; width?: number } = {},
): Stage {
  return { level, size: 8, width: 3, ...shape, check: async (run, { first, signal }) => check(run, first, signal) };
}
const passes = (run: readonly LinkedTipset[]): StageResult => ({ counts: { messageRoots: run.length } });
const raise = (stage: Stage, scope: HeightRange = { from: 0, to: top }, signal = never): Promise<number> =>
  runStage(stage, store, counts, scope, () => {}, signal);
/** What a new process would find. */
const stored = (): number => countsTable(database).read().messageRoots;

describe("gapsIn", () => {
  it("gives the heights that no range covers, and no other", () => {
    const cuts = fc.uniqueArray(fc.nat(60), { maxLength: 8 }).map((list) => list.sort((a, b) => a - b));
    fc.assert(
      fc.property(cuts, fc.nat(60), fc.nat(60), (points, a, b) => {
        const covered: HeightRange[] = [];
        for (let i = 0; i + 1 < points.length; i += 2)
          covered.push({ from: points[i] as number, to: (points[i + 1] as number) - 1 });
        const sound = covered.filter(({ from, to }) => from <= to);
        const scope = { from: Math.min(a, b), to: Math.max(a, b) };
        const gaps = gapsIn(sound, scope);
        const within = (ranges: readonly HeightRange[], height: number): boolean =>
          ranges.some(({ from, to }) => from <= height && height <= to);
        for (let height = 0; height <= 61; height++) {
          const wanted = height >= scope.from && height <= scope.to && !within(sound, height);
          expect(within(gaps, height)).toBe(wanted);
        }
        for (const [i, { from, to }] of gaps.entries()) {
          expect(from).toBeLessThanOrEqual(to);
          if (i > 0) expect(from).toBeGreaterThan((gaps[i - 1] as HeightRange).to);
        }
      }),
    );
  });
});

describe("runStage", () => {
  it("raises the whole chain, upwards, in runs, and tells of each", async () => {
    const seen: number[] = [];
    const told: [number, number][] = [];
    let firsts = 0;
    const stage = stageOf((run, first) => {
      seen.push(...run.map(({ height }) => height));
      if (first) firsts++;
      return passes(run);
    });
    const unresolved = await runStage(stage, store, counts, { from: 0, to: top }, (...one) => told.push(one), never);
    expect(unresolved).toBe(0);
    expect(seen).toEqual(heights);
    expect(firsts).toBe(1);
    expect(told.at(-1)).toEqual([top, ((heights.length - 1) % 8) + 1]);
    expect(store.assurance[level]).toEqual([{ from: 0, to: top }]);
    expect(stored()).toBe(heights.length);
  });

  it("checks nothing twice, and counts it once", async () => {
    await raise(stageOf(passes), { from: 0, to: 30 });
    const again: number[] = [];
    const stage = stageOf((run) => {
      again.push(...run.map(({ height }) => height));
      return passes(run);
    });
    await raise(stage);
    await raise(stage);
    expect(again).toEqual(heights.filter((height) => height > 30));
    expect(stored()).toBe(heights.length);
  });

  it("raises null rounds at the upper end of a gap too", async () => {
    expect(heights).toContain(empty - 1);
    expect(heights).not.toContain(empty);
    await raise(stageOf(passes), { from: empty + 1, to: top });
    await raise(stageOf(passes));
    expect(store.assurance[level]).toEqual([{ from: 0, to: top }]);
    expect(stored()).toBe(heights.length);
  });

  it("raises a gap of null rounds alone", async () => {
    await raise(stageOf(passes), { from: empty + 1, to: top });
    await raise(stageOf(passes), { from: 0, to: empty - 1 });
    await raise(stageOf(passes));
    expect(store.assurance[level]).toEqual([{ from: 0, to: top }]);
    expect(stored()).toBe(heights.length);
  });

  it("covers the chain in the end, whatever parts of it are raised in whatever order", async () => {
    const scope = fc.tuple(fc.nat(80), fc.nat(80)).map(([a, b]) => ({
      from: Math.min(a, b, top),
      to: Math.min(Math.max(a, b), top),
    }));
    await fc.assert(
      fc.asyncProperty(fc.array(scope, { maxLength: 5 }), fc.integer({ min: 1, max: 20 }), async (scopes, size) => {
        const own = createMemoryDatabase();
        const chainStore = await storeMinted(chain, own);
        const table = countsTable(own);
        const stage = stageOf(passes, { size });
        for (const one of [...scopes, { from: 0, to: top }]) {
          await runStage(stage, chainStore, table, one, () => {}, never);
        }
        expect(chainStore.assurance[level]).toEqual([{ from: 0, to: top }]);
        expect(countsTable(own).read().messageRoots).toBe(heights.length);
      }),
      { numRuns: 15 },
    );
  });

  it("leaves heights that lack what they need below the level, and asks for them again", async () => {
    const lacking = new Set(heights.filter((_, i) => i === 0 || i === 9 || i === 10 || i === heights.length - 1));
    const part = (run: readonly LinkedTipset[]): StageResult => ({
      counts: { messageRoots: run.filter(({ height }) => !lacking.has(height)).length },
      unresolved: new Set(run.map(({ height }) => height).filter((height) => lacking.has(height))),
    });
    expect(await raise(stageOf(part))).toBe(lacking.size);
    const reached = (height: number): boolean =>
      store.assurance[level].some(({ from, to }) => from <= height && height <= to);
    for (const height of heights) expect(reached(height), `${height}`).toBe(!lacking.has(height));
    const asked: number[] = [];
    await raise(
      stageOf((run) => {
        asked.push(...run.map(({ height }) => height));
        return passes(run);
      }),
    );
    expect(asked).toEqual([...lacking]);
    expect(store.assurance[level]).toEqual([{ from: 0, to: top }]);
    expect(stored()).toBe(heights.length);
  });

  it("stops at a failure: what is below it is kept, what is above is not", async () => {
    const broken = heights[20] as number;
    const wrong = new Error("no such message");
    const signals: AbortSignal[] = [];
    const stage = stageOf((run, _first, signal) => {
      signals.push(signal);
      if (run.some(({ height }) => height === broken)) throw wrong;
      return passes(run);
    });
    await expect(raise(stage)).rejects.toBe(wrong);
    expect(store.assurance[level]).toEqual([{ from: 0, to: heights[15] }]);
    expect(stored()).toBe(16);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    await raise(stageOf(passes));
    expect(stored()).toBe(heights.length);
  });

  it("ends when it is stopped, with nothing half done", async () => {
    const stop = new AbortController();
    const stage = stageOf(
      (run, _first, signal) =>
        run[0]?.height === 0
          ? passes(run)
          : new Promise((_, reject) => {
              signal.addEventListener("abort", () => reject(signal.reason), { once: true });
              if (run[0]?.height === heights[16]) stop.abort(new Error("Ctrl-C"));
            }),
      { width: 3 },
    );
    await expect(raise(stage, { from: 0, to: top }, stop.signal)).rejects.toThrow("Ctrl-C");
    expect(stored()).toBe(countsTable(database).read().messageRoots);
    const reached = store.assurance[level].at(-1)?.to ?? -1;
    expect(stored()).toBe(heights.filter((height) => height <= reached).length);
  });
});
