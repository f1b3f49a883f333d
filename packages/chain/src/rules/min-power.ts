/** With this many miners above the minimum, nobody below it may win. */
export const consensusMinerMinMiners = 4;

/** A claim to power, as the power actor of any version holds it. Unit: bytes. */
export interface ClaimedPower {
  /** `undefined` in the claims of actors v0, which name no proof type. */
  readonly proofType: number | undefined;
  readonly rawBytePower: bigint;
  readonly qualityAdjPower: bigint;
}

/**
 * Tells whether a miner has enough power to take part in elections. Nominal is raw power since actors v2; v0 took the
 * quality-adjusted, and while few miners were large let pass a claim of none.
 *
 * @param minimum - the network's, the same for every type of proof. Unit: bytes
 * @param minersAboveMinimum - how many miners the power actor counts above it
 * @see specs-actors:v0.9.14 and v2.3.6 actors/builtin/power/power_state.go MinerNominalPowerMeetsConsensusMinimum,
 * go-state-types:builtin/v17/power/power_state.go ClaimMeetsConsensusMinimums
 * @example
 * hasMinPower({ proofType: 8, rawBytePower: 1n, qualityAdjPower: 10n }, 10995116277760n, 3) // => true
 */
export function hasMinPower(
  { proofType, rawBytePower, qualityAdjPower }: ClaimedPower,
  minimum: bigint,
  minersAboveMinimum: number | bigint,
): boolean {
  const first = proofType === undefined;
  const nominal = first ? qualityAdjPower : rawBytePower;
  if (nominal >= minimum) return true;
  if (minersAboveMinimum >= consensusMinerMinMiners) return false;
  return first ? nominal >= 0n : nominal > 0n;
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
