import type { LinkedTipset } from "@copse/chain";

/** How many tipsets of a fork are looked at, of each kind. */
export interface ForkSample {
  /** Where it begins. */
  readonly lowest: number;
  /** Where its weight comes from. Of equal ones some. */
  readonly heaviest: number;
  /** Wherever else. */
  readonly random: number;
  readonly newest: number;
}

/** Draws an integer from 0 up to a bound, that bound left out. */
export type DrawBelow = (bound: number) => number;

/**
 * Tipsets of a fork that tell most of it, each once, lowest first. Which of equal ones are chosen nobody can foresee: a fork
 * may have tipsets that were won.
 *
 * @param tipsets - lowest first
 */
export function sampleFork(
  tipsets: readonly LinkedTipset[],
  sample: ForkSample,
  below: DrawBelow = drawBelow,
): LinkedTipset[] {
  const shuffled = shuffle(tipsets, below);
  const chosen = new Set<LinkedTipset>([
    ...tipsets.slice(0, sample.lowest),
    ...shuffled.toSorted((a, b) => b.winCount - a.winCount).slice(0, sample.heaviest),
    ...shuffled.slice(0, sample.random),
    ...tipsets.slice(-sample.newest),
  ]);
  return tipsets.filter((tipset) => chosen.has(tipset));
}

function shuffle<T>(items: readonly T[], below: DrawBelow): T[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = below(last + 1);
    [shuffled[last], shuffled[other]] = [shuffled[other] as T, shuffled[last] as T];
  }
  return shuffled;
}

/** From the system's source of randomness. A bias of 2^-20 at most, for bounds below 4,096. */
function drawBelow(bound: number): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] as number) % bound;
}
