import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Corpus } from "../src/corpus.ts";
import { Coverage } from "../src/coverage.ts";
import { dataFile } from "../src/data.ts";
import { fuzz } from "../src/fuzz.ts";
import { mutate, seeded } from "../src/mutate.ts";

describe("seeded", () => {
  it("gives the same numbers for the same seed, spread over [0, 1)", () => {
    const [one, two, other] = [seeded(7), seeded(7), seeded(8)];
    const numbers = Array.from({ length: 1000 }, () => one());
    expect(Array.from({ length: 1000 }, () => two())).toEqual(numbers);
    expect(other()).not.toBe(numbers[0]);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    expect(numbers.reduce((sum, value) => sum + value) / 1000).toBeCloseTo(0.5, 1);
  });
});

describe("mutate", () => {
  it("leaves its seeds as they are and reaches every kind of damage", () => {
    const seed = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const random = seeded(1);
    const lengths = new Set(Array.from({ length: 500 }, () => mutate([seed, Uint8Array.of(9)], random).length));
    expect(seed).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect(lengths.has(8)).toBe(true);
    expect(Math.min(...lengths)).toBe(0);
    expect(Math.max(...lengths)).toBeGreaterThan(8);
  });
});

const isRange = (error: unknown): boolean => error instanceof RangeError;

fuzz("a target that throws what it may", [Uint8Array.of(1)], () => new Uint8Array(-1), isRange);

describe("dataFile", () => {
  it("tells absence by undefined", () => {
    expect(dataFile("nothing/of/this/name")).toBeUndefined();
  });
});

describe("Corpus", () => {
  it("keeps inputs once, and finds them again", () => {
    const folder = mkdtempSync(join(tmpdir(), "copse-corpus-"));
    try {
      const corpus = new Corpus("a target > of v3", folder);
      for (const input of [[1, 2], [], [1, 2], [3]]) corpus.add(Uint8Array.from(input));
      corpus.add(new Uint8Array(20_000));
      corpus.save();
      expect(new Corpus("A target of V3", folder).inputs).toEqual([Uint8Array.of(1, 2), Uint8Array.of(3)]);
      expect(new Corpus("another", folder).inputs).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("Coverage", () => {
  it("tells the first time that a block runs, and no other", () => {
    const coverage = Coverage.start((url) => url.includes("/testkit/src/mutate"));
    try {
      seeded(1)();
      expect(coverage.reachedNew()).toBe(true);
      seeded(2)();
      expect(coverage.reachedNew()).toBe(false);
      for (let seed = 0; seed < 100; seed++) mutate([Uint8Array.of(1, 2, 3)], seeded(seed));
      expect(coverage.reachedNew(true)).toBe(true);
      mutate([Uint8Array.of(1, 2, 3)], seeded(1));
      expect(coverage.reachedNew()).toBe(true);
      for (let seed = 0; seed < 100; seed++) mutate([Uint8Array.of(1, 2, 3)], seeded(seed));
      coverage.reachedNew();
      for (let seed = 0; seed < 100; seed++) mutate([Uint8Array.of(1, 2, 3)], seeded(seed));
      expect(coverage.reachedNew()).toBe(false);
    } finally {
      coverage.stop();
    }
  });
});
