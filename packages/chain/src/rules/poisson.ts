/**
 * Poisson probabilities by the plain formula `e^(k·ln λ − λ − ln k!)`, over a table of logarithms that grows as needed.
 *
 * Exactly this form: the finality calculator subtracts cumulative sums near 1, so its smallest results carry the rounding
 * of these terms. A saddle-point expansion, more accurate term by term, was tried and gives results up to 80 % off the
 * reference's below 1e-16; this form agrees with it to 2e-13 everywhere.
 */
export interface PoissonTable {
  /** The chance of exactly `k` events where `lambda` > 0 are expected; 0 for `k` below 0. */
  mass(lambda: number, k: number): number;
  /** The first `count` masses. */
  masses(lambda: number, count: number): Float64Array;
}

/**
 * Makes an empty table.
 *
 * @example
 * createPoissonTable().mass(1, 0) // => 0.36787944117144233
 */
export function createPoissonTable(): PoissonTable {
  const logFactorials = [0];
  let sum = 0;
  let compensation = 0; // Neumaier: the rounding error of `sum`
  const logFactorial = (k: number): number => {
    for (let next = logFactorials.length; next <= k; next++) {
      const term = Math.log(next);
      const total = sum + term;
      compensation += Math.abs(sum) >= term ? sum - total + term : term - total + sum;
      sum = total;
      logFactorials.push(sum + compensation);
    }
    return logFactorials[k] as number;
  };
  const mass = (lambda: number, k: number): number =>
    k < 0 ? 0 : Math.exp(k * Math.log(lambda) - lambda - logFactorial(k));
  const masses = (lambda: number, count: number): Float64Array =>
    Float64Array.from({ length: count }, (_, k) => mass(lambda, k));
  return { mass, masses };
}

/**
 * The chance that one Poisson count leads another by exactly `lead` ≥ 0 (Skellam's distribution).
 *
 * @param ahead - masses of the leading count; at least `lead` longer than `behind`, or what is missing counts as 0
 * @param behind - masses of the other
 */
export function leadMass(lead: number, ahead: Float64Array, behind: Float64Array): number {
  const count = Math.min(behind.length, ahead.length - lead);
  let sum = 0;
  for (let n = 0; n < count; n++) sum += (ahead[n + lead] as number) * (behind[n] as number);
  return sum;
}
