import { seeded } from "@copse/testkit";
import { AttoFil } from "@copse/types";
import { describe, expect, it } from "vitest";
import { gasOutputs } from "../../src/gas/outputs.ts";

const terms = (gasUsed: bigint, gasLimit: bigint, baseFee: bigint, feeCap: bigint, premium: bigint) => ({
  gasUsed,
  gasLimit,
  baseFee: AttoFil.from(baseFee),
  feeCap: AttoFil.from(feeCap),
  premium: AttoFil.from(premium),
});

describe("gasOutputs", () => {
  it.each([
    [100n, 200n, 10n, 90n],
    [100n, 150n, 30n, 20n],
    [1_000n, 1_300n, 240n, 60n],
    [500n, 700n, 140n, 60n],
    [200n, 200n, 0n, 0n],
    [20_000n, 21_000n, 1_000n, 0n],
    [0n, 2_000n, 0n, 2_000n],
    [500n, 651n, 121n, 30n],
    [500n, 5_000n, 0n, 4_500n],
    [7_499_000_000n, 7_500_000_000n, 1_000_000n, 0n],
    [3_750_000_000n, 7_500_000_000n, 375_000_000n, 3_375_000_000n],
    [1n, 7_500_000_000n, 0n, 7_499_999_999n],
    // used more than the limit: nothing is left to burn
    [300n, 200n, 0n, 0n],
  ])("%s of %s gas: %s are refunded, %s burned", (used, limit, gasRefund, gasBurned) => {
    expect(gasOutputs(terms(used, limit, 10n, 11n, 1n))).toMatchObject({ gasRefund, gasBurned });
  });

  it.each([
    [100n, 110n, 11n, 1n, [1_000n, 0n, 0n, 110n, 100n]],
    [100n, 130n, 11n, 1n, [1_000n, 60n, 0n, 130n, 240n]],
    [100n, 110n, 10n, 1n, [1_000n, 0n, 0n, 0n, 100n]],
    [100n, 110n, 6n, 1n, [600n, 0n, 400n, 0n, 60n]],
    // the penalty counts what is burned besides
    [100n, 130n, 6n, 1n, [600n, 36n, 424n, 0n, 144n]],
  ])("%s of %s gas at a cap of %s and a premium of %s", (used, limit, feeCap, premium, expected) => {
    const out = gasOutputs(terms(used, limit, 10n, feeCap, premium));
    expect([out.baseFeeBurn, out.overEstimationBurn, out.minerPenalty, out.minerTip, out.refund]).toEqual(expected);
  });

  it("gives away exactly what was paid in advance", () => {
    const random = seeded(7);
    const pick = (limit: number): bigint => BigInt(Math.floor(random() * limit));
    for (let i = 0; i < 2000; i++) {
      const limit = 1n + pick(1e10);
      const used = pick(Number(limit) + 1);
      const feeCap = pick(1e12);
      const out = gasOutputs(terms(used, limit, pick(1e12), feeCap, pick(1e12)));
      expect(out.baseFeeBurn + out.overEstimationBurn + out.minerTip + out.refund).toBe(feeCap * limit);
      expect(out.refund >= 0n && out.minerTip >= 0n && out.gasRefund + out.gasBurned <= limit).toBe(true);
    }
  });
});
