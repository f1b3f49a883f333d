import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { computeWinCount, electionLambda, expNeg, winThresholds } from "../../src/rules/win-count.ts";

const fixture = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/win-count.json"), "utf8")) as {
  expNeg: [string, string][];
  lambda: Record<string, string>;
  poisson: Record<string, string[]>;
};

describe("win count: golden files of the reference", () => {
  it("e^-x at 256 points", () => {
    expect(fixture.expNeg).toHaveLength(256);
    for (const [x, y] of fixture.expNeg) expect(expNeg(BigInt(x)).toString()).toBe(y);
  });

  it("three lambdas", () => {
    expect(Object.keys(fixture.lambda)).toHaveLength(3);
    for (const [name, expected] of Object.entries(fixture.lambda)) {
      const [power, total] = name.split("-").map(BigInt) as [bigint, bigint];
      expect(electionLambda(power, total).toString()).toBe(expected);
    }
  });

  it("seven Poisson distributions of 16 values", () => {
    expect(Object.keys(fixture.poisson)).toHaveLength(7);
    for (const [name, expected] of Object.entries(fixture.poisson)) {
      const [base, shift] = name.split("-").map(BigInt) as [bigint, bigint];
      expect(winThresholds(base << (256n - shift)).map(String)).toEqual(expected);
    }
  });
});

describe("computeWinCount", () => {
  it("wins nothing without power on either side", () => {
    expect(computeWinCount(new Uint8Array(96), 0n, 100n)).toBe(0);
    expect(computeWinCount(new Uint8Array(96), 1n, 0n)).toBe(0);
  });

  it("a fifth of the power wins once an epoch on average", () => {
    const rounds = 20_000;
    let total = 0;
    for (let i = 0; i < rounds; i++) {
      const proof = new Uint8Array(5);
      new DataView(proof.buffer).setUint32(0, rounds + i, true);
      total += computeWinCount(proof, 20n, 100n);
    }
    expect(Math.abs(total / rounds - 1)).toBeLessThan(0.03);
  });
});
