import type { AttoFil } from "@copse/types";

/** What a message used, and what it offered. Gas: whole; prices: attoFIL per gas. */
export interface GasTerms {
  readonly gasUsed: bigint;
  readonly gasLimit: bigint;
  readonly baseFee: AttoFil;
  readonly feeCap: AttoFil;
  readonly premium: AttoFil;
}

/** Where the fee of a message goes. Of what the sender paid in advance, all but the penalty, which is the miner's. */
export interface GasOutputs {
  readonly baseFeeBurn: AttoFil;
  readonly overEstimationBurn: AttoFil;
  readonly minerPenalty: AttoFil;
  readonly minerTip: AttoFil;
  readonly refund: AttoFil;
  /** Of the limit, what is paid back and what is burned although it was not used. Unit: gas. */
  readonly gasRefund: bigint;
  readonly gasBurned: bigint;
}

/**
 * Settles the fee of an explicit message.
 *
 * @see ref-fvm:fvm/src/gas/outputs.rs
 * @example
 * const price = { baseFee: AttoFil.from(10), feeCap: AttoFil.from(11), premium: AttoFil.from(1) };
 * gasOutputs({ gasUsed: 100n, gasLimit: 110n, ...price }).refund // => 100n
 */
export function gasOutputs(terms: GasTerms): GasOutputs {
  const { gasUsed, gasLimit, baseFee, feeCap, premium } = terms;
  const shortfall = baseFee > feeCap ? baseFee - feeCap : 0n;
  const toPay = baseFee - shortfall;
  const { gasRefund, gasBurned } = overEstimation(gasUsed, gasLimit);
  const tipRate = toPay + premium > feeCap ? feeCap - toPay : premium;
  const baseFeeBurn = toPay * gasUsed;
  const overEstimationBurn = toPay * gasBurned;
  const minerTip = tipRate * gasLimit;
  return {
    baseFeeBurn: baseFeeBurn as AttoFil,
    overEstimationBurn: overEstimationBurn as AttoFil,
    minerPenalty: (shortfall * (gasUsed + gasBurned)) as AttoFil,
    minerTip: minerTip as AttoFil,
    refund: (feeCap * gasLimit - baseFeeBurn - minerTip - overEstimationBurn) as AttoFil,
    gasRefund,
    gasBurned,
  };
}

/** Burns of what was not used the share by which the limit is too high: a tenth is free, twice and more burns all. */
function overEstimation(gasUsed: bigint, gasLimit: bigint): { gasRefund: bigint; gasBurned: bigint } {
  if (gasUsed === 0n) return { gasRefund: 0n, gasBurned: gasLimit };
  const unused = gasLimit > gasUsed ? gasLimit - gasUsed : 0n;
  const over = gasLimit - (11n * gasUsed) / 10n;
  const share = over < 0n ? 0n : over > gasUsed ? gasUsed : over;
  const gasBurned = (unused * share) / gasUsed;
  return { gasRefund: unused - gasBurned, gasBurned };
}
