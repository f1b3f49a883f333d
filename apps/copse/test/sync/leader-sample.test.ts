import type { LinkedTipset } from "@copse/chain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleFork } from "../../src/sync/leader-sample.ts";

const sample = { lowest: 2, heaviest: 3, random: 4, newest: 1 } as const;
const forkOf = (wins: readonly number[]): LinkedTipset[] =>
  wins.map((winCount, height) => ({ height, winCount }) as LinkedTipset);
const heights = (tipsets: readonly LinkedTipset[]): readonly number[] => tipsets.map(({ height }) => height);

describe("the tipsets of a fork that are looked at", () => {
  it("are the lowest, the newest and those with the most wins, lowest first, each once", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { maxLength: 40 }), (wins) => {
        const fork = forkOf(wins);
        const chosen = sampleFork(fork, sample);
        expect(heights(chosen)).toEqual([...new Set(heights(chosen))].toSorted((a, b) => a - b));
        expect(chosen).toEqual(expect.arrayContaining([...fork.slice(0, 2), ...fork.slice(-1)]));
        expect(chosen.length).toBeLessThanOrEqual(10);
        expect(chosen.length).toBeGreaterThanOrEqual(Math.min(fork.length, 4));
        const least = wins.toSorted((a, b) => b - a)[2] ?? 0;
        for (const tipset of fork) if (tipset.winCount > least) expect(chosen).toContain(tipset);
      }),
    );
  });

  it("are others each time where none tells more than others", () => {
    const fork = forkOf(new Array<number>(100).fill(1));
    const seen = new Set(Array.from({ length: 200 }, () => heights(sampleFork(fork, sample))).flat());
    expect(seen.size).toBe(100); // one is missed in 200 draws of seven once in a million times
  });

  it("are drawn from all alike", () => {
    const drawn: number[] = [];
    sampleFork(forkOf([1, 1, 1, 1, 1]), sample, (bound) => drawn.push(bound) && 0);
    expect(drawn).toEqual([5, 4, 3, 2]);
  });
});
