import { calibnet, mainnet } from "@copse/types";
import { describe, expect, it } from "vitest";
import {
  baseFeeHeights,
  blockGasLimit,
  blockGasTarget,
  computeBaseFee,
  nextBaseFeeFromPremium,
  nextBaseFeeFromUtilization,
  type PricedMessage,
  type PricedTipset,
  percentilePremium,
  premiumAtIndex,
} from "../../src/rules/base-fee.ts";

const message = (over: Partial<PricedMessage>): PricedMessage => ({
  id: "a",
  from: "f",
  nonce: 0n,
  gasLimit: 1_000_000n,
  gasFeeCap: 1_000n,
  gasPremium: 10n,
  ...over,
});
const tipset = (over: Partial<PricedTipset>): PricedTipset => ({
  height: 1,
  parentBaseFee: 100_000_000n,
  blockCount: 1,
  messages: [],
  ...over,
});

const heights = baseFeeHeights(mainnet);

describe("base fee from utilization", () => {
  // lotus:chain/store/basefee_test.go TestBaseFee
  it.each([
    [100_000_000n, 0n, 1, 87_500_000n, 87_500_000n],
    [100_000_000n, 0n, 5, 87_500_000n, 87_500_000n],
    [100_000_000n, blockGasTarget, 1, 103_125_000n, 100_000_000n],
    [100_000_000n, blockGasTarget * 2n, 2, 103_125_000n, 100_000_000n],
    [100_000_000n, blockGasLimit * 2n, 2, 112_500_000n, 112_500_000n],
    [100_000_000n, (blockGasLimit * 15n) / 10n, 2, 110_937_500n, 106_250_000n],
  ])("%s with %s gas in %s blocks", (baseFee, gas, blocks, before, after) => {
    expect(nextBaseFeeFromUtilization(baseFee, gas, blocks, false)).toBe(before);
    expect(nextBaseFeeFromUtilization(baseFee, gas, blocks, true)).toBe(after);
  });

  it("rounds a fall down and never goes below the minimum", () => {
    expect(nextBaseFeeFromUtilization(101n, 0n, 1, true)).toBe(100n);
    expect(nextBaseFeeFromUtilization(1001n, 0n, 1, true)).toBe(875n); // -1001/8 = -125.125, floored to -126
  });

  it("counts a message listed by two blocks once", () => {
    const twice = [message({ gasLimit: blockGasTarget }), message({ gasLimit: blockGasTarget })];
    expect(computeBaseFee(tipset({ height: 60_000, messages: twice }), heights)).toBe(100_000_000n);
    const distinct = [message({ gasLimit: blockGasTarget }), message({ id: "b", gasLimit: blockGasTarget })];
    expect(computeBaseFee(tipset({ height: 60_000, messages: distinct }), heights)).toBe(112_500_000n);
  });

  it("switches divisor after Smoke", () => {
    const messages = [message({ gasLimit: blockGasTarget })];
    expect(computeBaseFee(tipset({ height: 51_000, messages }), heights)).toBe(103_125_000n);
    expect(computeBaseFee(tipset({ height: 51_001, messages }), heights)).toBe(100_000_000n);
  });
});

describe("the Breeze window", () => {
  it("fixes the fee at the minimum strictly inside", () => {
    expect(computeBaseFee(tipset({ height: 41_280 }), heights)).toBe(87_500_000n);
    expect(computeBaseFee(tipset({ height: 41_281 }), heights)).toBe(100n);
    expect(computeBaseFee(tipset({ height: 41_399 }), heights)).toBe(100n);
    expect(computeBaseFee(tipset({ height: 41_400 }), heights)).toBe(87_500_000n);
  });

  it("is absent where the upgrade lies before genesis", () => {
    const heights = baseFeeHeights(calibnet);
    expect(computeBaseFee(tipset({ height: 5 }), heights)).toBe(87_500_000n);
  });
});

describe("base fee from premiums (FIP-0115)", () => {
  // lotus:chain/store/basefee_test.go TestNextBaseFeeFromPremium
  it.each([
    [100n, 0n, 100n],
    [100n, 13n, 100n],
    [100n, 14n, 101n],
    [100n, 26n, 113n],
    [801n, 0n, 700n],
    [801n, 20n, 720n],
    [801n, 100n, 800n],
    [801n, 180n, 880n],
    [801n, 200n, 900n],
    [801n, 201n, 901n],
    [808n, 0n, 707n],
    [808n, 1n, 708n],
    [808n, 201n, 908n],
    [808n, 202n, 909n],
    [808n, 203n, 909n],
  ])("%s and premium %s", (baseFee, premium, next) => {
    expect(nextBaseFeeFromPremium(baseFee, premium)).toBe(next);
  });

  // lotus:chain/store/basefee_test.go TestWeightedQuickSelect
  it.each([
    [[], [], 0n],
    [[123n, 100n], [5_999_999_999n, 2_000_000_000n], 0n],
    [[123n, 0n], [5_999_999_999n, 2_000_000_001n], 0n],
    [[123n, 100n], [5_999_999_999n, 2_000_000_001n], 100n],
    [[123n, 100n], [7_999_999_999n, 2_000_000_001n], 100n],
    [[123n, 100n], [8_000_000_000n, 2_000_000_000n], 123n],
    [[123n, 100n], [8_000_000_000n, 9_000_000_000n], 123n],
    [
      [100n, 200n, 300n, 400n, 500n, 600n, 700n],
      [4_000_000_000n, 1_000_000_000n, 2_000_000_000n, 1_000_000_000n, 2_000_000_000n, 2_000_000_000n, 3_000_000_000n],
      400n,
    ],
  ] as const)("premiums %s over %s gas", (premiums, limits, expected) => {
    const weighted = premiums.map((premium, i) => ({ premium, gasLimit: limits[i] as bigint }));
    expect(premiumAtIndex(weighted, 7_999_999_999n)).toBe(expected);
    expect(premiumAtIndex(weighted.toReversed(), 7_999_999_999n)).toBe(expected);
  });

  it("takes effect with the parent's height, counts a sender and nonce once, and bounds premiums by the fee cap", () => {
    const gasLimit = 8_000_000_000n;
    const first = message({ id: "a", gasLimit, gasFeeCap: 150n, gasPremium: 80n });
    const same = message({ id: "b", gasLimit, gasFeeCap: 900n, gasPremium: 800n });
    const at = (height: number, messages: PricedMessage[]) =>
      computeBaseFee(tipset({ height, parentBaseFee: 100n, messages }), heights);
    expect(percentilePremium(tipset({ parentBaseFee: 100n, messages: [first, same] }))).toBe(50n);
    expect(at(6_052_800, [first, same])).toBe(113n);
    expect(at(6_052_799, [first, same])).toBe(112n);
    const poor = message({ id: "c", gasLimit, gasFeeCap: 99n, gasPremium: 80n });
    expect(at(6_052_800, [poor])).toBe(100n);
  });
});
