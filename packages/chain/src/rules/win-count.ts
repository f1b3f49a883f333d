import { blake2b256 } from "@copse/crypto";
import { bytesToBigint } from "@copse/primitives";

/** The most a single election proof may win: three times the five leaders an epoch expects. */
export const maxWinCount = 15;
const blocksPerEpoch = 5n;
const precision = 256n;
const one: bigint = 1n << precision;

// A rational approximation of e^-x on [0, 5]; integers scaled by 2^128, highest order first.
const numerator: readonly bigint[] = scaled([
  -648770010757830093818553637600n,
  67469480939593786226847644286976n,
  -3197587544499098424029388939001856n,
  89244641121992890118377641805348864n,
  -1579656163641440567800982336819953664n,
  17685496037279256458459817590917169152n,
  -115682590513835356866803355398940131328n,
  340282366920938463463374607431768211456n,
]);
const denominator: readonly bigint[] = scaled([
  1225524182432722209606361n,
  114095592300906098243859450n,
  5665570424063336070530214243n,
  194450132448609991765137938448n,
  5068267641632683791026134915072n,
  104716890604972796896895427629056n,
  1748338658439454459487681798864896n,
  23704654329841312470660182937960448n,
  259380097567996910282699886670381056n,
  2250336698853390384720606936038375424n,
  14978272436876548034486263159246028800n,
  72144088983913131323343765784380833792n,
  224599776407103106596571252037123047424n,
  340282366920938463463374607431768211456n,
]);

function scaled(coefficients: readonly bigint[]): readonly bigint[] {
  return coefficients.map((c) => c << (precision - 128n));
}

/**
 * The expected wins of a miner: five leaders an epoch, shared by power.
 *
 * Unit: Q.256 fixed point, rounded down. `totalPower` must be above 0.
 *
 * @see lotus:chain/types/electionproof.go lambda
 * @example
 * electionLambda(64n, 128n) // => 5n << 255n
 */
export function electionLambda(power: bigint, totalPower: bigint): bigint {
  return ((power * blocksPerEpoch) << precision) / totalPower;
}

/**
 * `e^-x` as every node computes it, bit for bit.
 *
 * Unit: Q.256 in and out. Bound: meant for 0 ≤ x ≤ 5.
 *
 * @see lotus:chain/types/electionproof.go expneg
 * @example
 * expNeg(0n) // => 1n << 256n
 */
export function expNeg(x: bigint): bigint {
  return (polynomial(numerator, x) << precision) / polynomial(denominator, x);
}

// `>>` of a negative bigint floors, as Go's Rsh does; a division would not.
function polynomial(coefficients: readonly bigint[], x: bigint): bigint {
  let value = coefficients[0] as bigint;
  for (let i = 1; i < coefficients.length; i++) value = ((value * x) >> precision) + (coefficients[i] as bigint);
  return value;
}

/**
 * The descending thresholds of a Poisson draw: entry `j` is the chance of more than `j` wins, so a draw below it wins
 * at least `j + 1`.
 *
 * Shape: {@link maxWinCount} + 1 values. Unit: Q.256. Cost: a few microseconds each; a miner whose power is constant
 * may keep its list.
 *
 * @see lotus:chain/types/electionproof.go newPoiss
 * @example
 * winThresholds(electionLambda(1n, 5n))[0]! >> 240n // => 41426n, 63 % of 65536
 */
export function winThresholds(lambda: bigint): readonly bigint[] {
  let mass = expNeg(lambda);
  let above = one - mass;
  const thresholds = [above];
  for (let k = 1n; k <= BigInt(maxWinCount); k++) {
    mass = ((mass / k) * lambda) >> precision; // the order of the roundings is consensus
    above -= mass;
    thresholds.push(above);
  }
  return thresholds;
}

/**
 * How many wins an election proof is worth.
 *
 * @param vrfProof - the proof's 96 bytes; their blake2b-256 is the draw
 * @param power - the miner's quality-adjusted power in the lookback state, bytes
 * @param totalPower - the network's
 * @returns 0 to {@link maxWinCount}; 0 when the network has no power
 * @see lotus:chain/types/electionproof.go ComputeWinCount
 * @example
 * computeWinCount(proof, 263882790666240n, 791648371998720n) // => 2
 */
export function computeWinCount(vrfProof: Uint8Array, power: bigint, totalPower: bigint): number {
  if (totalPower <= 0n || power < 0n) return 0;
  return countWins(blake2b256(vrfProof), winThresholds(electionLambda(power, totalPower)));
}

/**
 * The wins of a draw against {@link winThresholds}.
 *
 * @example
 * countWins(blake2b256(vrfProof), thresholds) // => 1
 */
export function countWins(draw: Uint8Array, thresholds: readonly bigint[]): number {
  const value = bytesToBigint(draw);
  let wins = 0;
  while (wins < maxWinCount && value < (thresholds[wins] as bigint)) wins++;
  return wins;
}
