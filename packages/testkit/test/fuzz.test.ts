import { describe, expect, it } from "vitest";
import { dataFile } from "../src/data.ts";
import { fuzz, mutate, seeded } from "../src/fuzz.ts";

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
