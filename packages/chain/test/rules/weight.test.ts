import { describe, expect, it } from "vitest";
import { inferLog2Power, log2Power, tipsetWeight, weightGain } from "../../src/rules/weight.ts";

describe("weight", () => {
  it("takes the logarithm of power", () => {
    expect(log2Power(791648371998720n)).toBe(49);
    expect(log2Power(1n)).toBe(0);
    expect(log2Power(0n)).toBeUndefined();
  });

  it("adds a half of the expected share per win", () => {
    expect(weightGain(49, 6)).toBe(20070n); // 12544 + 75264 / 10, rounded down
    expect(tipsetWeight(100n, 49, 0)).toBe(12644n);
  });

  it("is solved by exactly the L it was made with, for every L and sum of wins", () => {
    for (let log2 = 0; log2 < 256; log2++) {
      for (let wins = 0; wins <= 225; wins++) expect(inferLog2Power(weightGain(log2, wins), wins)).toBe(log2);
    }
  });

  it("has no solution next to a true gain", () => {
    for (let log2 = 1; log2 < 256; log2++) {
      for (let wins = 1; wins <= 75; wins += 7) {
        expect(inferLog2Power(weightGain(log2, wins) + 1n, wins)).toBeUndefined();
        expect(inferLog2Power(weightGain(log2, wins) - 1n, wins)).toBeUndefined();
      }
    }
    expect(inferLog2Power(-1n, 1)).toBeUndefined();
  });
});
