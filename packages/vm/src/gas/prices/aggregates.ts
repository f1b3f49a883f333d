import { type AggregateCost, gas } from "../price-table.ts";

const steps = (...rows: readonly (readonly [number, number])[]): AggregateCost["steps"] =>
  rows.map(([start, cost]) => [start, gas(cost)] as const);

/** Aggregated seals by their type: 8 and 9 are 32 and 64 GiB V1P1. @see FIP-0013 */
export const interactive: readonly (readonly [number, AggregateCost])[] = [
  [
    8,
    {
      perProof: gas(449_900),
      steps: steps(
        [4, 103_994_170],
        [7, 112_356_810],
        [13, 122_912_610],
        [26, 137_559_930],
        [52, 162_039_100],
        [103, 210_960_780],
        [205, 318_351_180],
        [410, 528_274_980],
      ),
    },
  ],
  [
    9,
    {
      perProof: gas(359_272),
      steps: steps(
        [4, 102_581_240],
        [7, 110_803_030],
        [13, 120_803_700],
        [26, 134_642_130],
        [52, 157_357_890],
        [103, 203_017_690],
        [205, 304_253_590],
        [410, 509_880_640],
      ),
    },
  ],
];

/** Aggregated non-interactive seals: 18 and 19 are 32 and 64 GiB. Each holds 126 proofs. @see FIP-0092 */
export const nonInteractive: readonly (readonly [number, AggregateCost])[] = [
  [
    18,
    {
      perProof: gas(44_990 * 126),
      steps: steps(
        [1, 112_356_810],
        [2, 122_912_610],
        [3, 137_559_930],
        [5, 162_039_100],
        [9, 210_960_780],
        [17, 318_351_180],
        [33, 528_274_980],
      ),
    },
  ],
  [
    19,
    {
      perProof: gas(35_928 * 126),
      steps: steps(
        [1, 110_803_030],
        [2, 120_803_700],
        [3, 134_642_130],
        [5, 157_357_890],
        [9, 203_017_690],
        [17, 304_253_590],
        [33, 509_880_640],
      ),
    },
  ],
];
