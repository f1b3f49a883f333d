import { createPoissonTable, leadMass, type PoissonTable } from "./poisson.ts";

/** What the calculator assumes of the network; the defaults are the ones every Filecoin network runs with. */
export interface EcFinalityAssumptions {
  /** Unit: epochs. How far back a hidden fork may have begun. */
  readonly finality?: number;
  /** Blocks an epoch expects. */
  readonly blocksPerEpoch?: number;
  /** Largest share of power in hostile hands. */
  readonly byzantineFraction?: number;
  /** The chance of a reorganisation that counts as none. */
  readonly guarantee?: number;
}

/** Answers how sure the chain is at a depth. */
export interface EcFinality {
  /**
   * An upper bound on the chance that the tipset `depth` epochs below the last is replaced.
   *
   * @param blockCounts - blocks per epoch, oldest first, 0 for null rounds; 905 epochs are enough
   */
  errorProbability(blockCounts: readonly number[], depth: number): number;
  /**
   * The least depth at which the chance is below the guarantee, or `undefined` when no depth up to 450 is.
   */
  thresholdDepth(blockCounts: readonly number[]): number | undefined;
}

const negligible = 1e-25;
const maxLead = 400;
const maxFutureEpochs = 100;
const shallowest = 3;
const deepest = 450;

/**
 * The finality calculator of FRC-0089: how deep a tipset must lie, given the blocks that were seen, until a hostile
 * minority cannot replace it. About 30 epochs on a healthy chain, where the classic rule waits for 900.
 *
 * Cost: a calculator's first answer some 100 ms, then 40 ms per depth search; keep it. All in doubles, as the reference does.
 *
 * @see FIPs:FRCs/frc-0089.md, lotus:chain/ecfinality/calculator.go
 * @example
 * createEcFinality().thresholdDepth(new Array(905).fill(5)) // => 21
 */
export function createEcFinality(assumptions: EcFinalityAssumptions = {}): EcFinality {
  const finality = assumptions.finality ?? 900;
  const blocks = assumptions.blocksPerEpoch ?? 5;
  const guarantee = assumptions.guarantee ?? 2 ** -30;
  const hostile = blocks * (assumptions.byzantineFraction ?? 0.3);
  const honest = blocks - hostile;
  const poisson = createPoissonTable();
  let future: readonly number[] | undefined;

  const errorProbability = (chain: readonly number[], depth: number): number => {
    const now = chain.length - 1;
    const target = now - depth;
    if (depth <= 0 || target < 0) return 1;
    future ??= futureLead(poisson, hostile, honest, blocks);
    const past = pastLead(poisson, chain, target, Math.max(0, now - finality), hostile);
    const between = settling(poisson, depth * hostile, depth * Math.trunc(blocks));
    let seen = 0;
    for (let i = target; i < now; i++) seen += chain[i] as number;
    return Math.min(1, overtaken(past, between, future, seen));
  };

  const thresholdDepth = (chain: readonly number[]): number | undefined => {
    let low = shallowest;
    let high = Math.min(deepest, chain.length - 1);
    if (low >= high) return undefined;
    if (errorProbability(chain, low) < guarantee) return low;
    if (errorProbability(chain, high) > guarantee) return undefined;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (errorProbability(chain, middle) < guarantee) high = middle;
      else low = middle + 1;
    }
    return low;
  };

  return { errorProbability, thresholdDepth };
}

// A list of masses ends once they are negligible and falling; what is missing to 1 is given to "no lead".
function massesUntilNegligible(limit: number, mass: (k: number) => number): number[] {
  const masses: number[] = [];
  for (let k = 0; k <= limit; k++) {
    masses.push(mass(k));
    if (k > 1 && (masses[k] as number) < negligible && (masses[k] as number) < (masses[k - 1] as number)) break;
  }
  return masses;
}

function giveRestToZero(masses: number[]): readonly number[] {
  let sum = 0;
  for (const mass of masses) sum += mass;
  masses[0] = (masses[0] as number) + (1 - sum);
  return masses;
}

// L: the hostile lead when the target was made, over every epoch a hidden fork may have begun.
function pastLead(
  poisson: PoissonTable,
  chain: readonly number[],
  target: number,
  first: number,
  hostile: number,
): readonly number[] {
  return giveRestToZero(
    massesUntilNegligible(maxLead, (k) => {
      let most = 0;
      let expected = 0;
      let seen = 0;
      for (let i = target; i > first; i--) {
        expected += hostile;
        seen += chain[i - 1] as number;
        const mass = poisson.mass(expected, k + seen);
        if (mass > most) most = mass;
      }
      return most;
    }),
  );
}

// B: hostile blocks since the target.
function settling(poisson: PoissonTable, expected: number, limit: number): readonly number[] {
  return massesUntilNegligible(limit, (k) => poisson.mass(expected, k));
}

// M: the hostile advantage from now on, over every length of the race.
function futureLead(poisson: PoissonTable, hostile: number, honest: number, blocks: number): readonly number[] {
  let growth = 0;
  for (let k = 0; k < Math.trunc(4 * blocks); k++) growth += ((honest + k) / 2 ** k) * poisson.mass(hostile, k);
  const publicRate = (1 - poisson.mass(honest, 0)) * growth;
  // Counts past ten times the expected most are beyond what a double tells from 0.
  const behindCount = Math.ceil(10 * maxFutureEpochs * publicRate);
  const races = Array.from({ length: maxFutureEpochs }, (_, i) => ({
    ahead: poisson.masses((i + 1) * hostile, behindCount + maxLead + 1),
    behind: poisson.masses((i + 1) * publicRate, behindCount),
  })).reverse(); // longest race first
  return giveRestToZero(
    massesUntilNegligible(maxLead, (k) => {
      let most = 0;
      for (const { ahead, behind } of races) {
        const mass = leadMass(k, ahead, behind);
        if (mass < negligible && mass < most) break;
        if (mass > most) most = mass;
      }
      return most;
    }),
  );
}

// The chance that L + B + M reaches the blocks seen since the target.
function overtaken(
  past: readonly number[],
  between: readonly number[],
  future: readonly number[],
  seen: number,
): number {
  const pastSums = cumulative(past);
  const betweenSums = cumulative(between);
  const futureSums = cumulative(future);
  const error = atLeast(pastSums, seen);
  let inner = 0;
  for (let l = 0; l < seen; l++) {
    const lead = clamped(past, l);
    inner += lead * tail(betweenSums, seen - l);
    for (let b = 0; b < seen - l; b++) {
      inner += lead * clamped(between, b) * tail(futureSums, seen - l - b);
    }
  }
  return error + inner;
}

// As the reference has it, whose published probabilities rest on it: a threshold of 1 keeps index 0.
function tail(sums: readonly number[], threshold: number): number {
  return threshold > 1 ? atLeast(sums, threshold) : (sums[sums.length - 1] as number);
}

function atLeast(sums: readonly number[], threshold: number): number {
  return (sums[sums.length - 1] as number) - (threshold > 0 ? clamped(sums, threshold - 1) : 0);
}

function clamped(values: readonly number[], index: number): number {
  return values[index < values.length ? index : values.length - 1] as number;
}

function cumulative(masses: readonly number[]): readonly number[] {
  let sum = 0;
  return masses.map((mass) => {
    sum += mass;
    return sum;
  });
}
