/** With this many miners above the minimum, nobody below it may win. */
export const consensusMinerMinMiners = 4;

/**
 * Tells whether a miner has enough power to take part in elections.
 *
 * @param nominalPower - raw power from actors v2 on, quality-adjusted before. Unit: bytes
 * @param minimum - the network's. Unit: bytes
 * @param minersAboveMinimum - how many miners the power actor counts above it
 * @see go-state-types:builtin/v17/power/policy.go, lotus:chain/actors/builtin/power MinerNominalPowerMeetsConsensusMinimum
 * @example
 * hasMinPower(1n, 10995116277760n, 3) // => true
 */
export function hasMinPower(nominalPower: bigint, minimum: bigint, minersAboveMinimum: number | bigint): boolean {
  if (nominalPower >= minimum) return true;
  if (minersAboveMinimum >= consensusMinerMinMiners) return false;
  return nominalPower > 0n;
}

/** Why a miner may not win. */
export type Ineligible = "no claim" | "below minimum power" | "no power" | "fee debt" | "consensus fault";

/** What the rule reads of the parents' own parent state. */
export interface MinerStanding {
  /** Quality-adjusted power of the claim; `undefined` when there is none. */
  readonly power: bigint | undefined;
  /** Unit: attoFIL. 0 before actors v2. */
  readonly feeDebt: bigint;
  /** The epoch until which a reported fault bars the miner; -1 when none. */
  readonly consensusFaultElapsed: number;
}

/**
 * The rule since actors v2: a claim with power, no debt, no standing fault.
 *
 * @returns `undefined` when the miner may win
 * @see lotus:chain/stmgr/actors.go MinerEligibleToMine
 */
export function ineligible(standing: MinerStanding, baseHeight: number): Ineligible | undefined {
  if (standing.power === undefined) return "no claim";
  if (standing.power <= 0n) return "no power";
  if (standing.feeDebt !== 0n) return "fee debt";
  if (baseHeight <= standing.consensusFaultElapsed) return "consensus fault";
  return undefined;
}
