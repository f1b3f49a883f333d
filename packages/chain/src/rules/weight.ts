/**
 * The `L` of the weight function: the base-2 logarithm of the network's quality-adjusted power, rounded down.
 *
 * Bound: at least 1 byte of power; a network without power has no weight, and `undefined` is returned.
 *
 * @see lotus:chain/consensus/filcns/weight.go
 * @example
 * log2Power(791648371998720n) // => 49
 */
export function log2Power(totalQualityAdjustedPower: bigint): number | undefined {
  if (totalQualityAdjustedPower <= 0n) return undefined;
  return totalQualityAdjustedPower.toString(2).length - 1;
}

/**
 * What one tipset adds to the weight of the chain below it.
 *
 * @param log2 - see {@link log2Power}, of the state the tipset's headers name as parent state
 * @param winCount - the sum of its blocks' win counts
 * @see lotus:chain/consensus/filcns/weight.go Weight
 * @example
 * weightGain(49, 6) // => 20070n
 */
export function weightGain(log2: number, winCount: number): bigint {
  const base = BigInt(log2) << 8n;
  return base + (base * BigInt(winCount)) / 10n; // ratio 1/2 over 5 expected leaders
}

/**
 * The weight of a tipset: that of its parents plus its own gain. A child's `parentWeight` must equal it.
 *
 * @see lotus:chain/consensus/filcns/weight.go Weight
 * @example
 * tipsetWeight(0n, 49, 1) // => 13798n
 */
export function tipsetWeight(parentWeight: bigint, log2: number, winCount: number): bigint {
  return parentWeight + weightGain(log2, winCount);
}

/**
 * Solves the weight equation of one link for `L`, which needs no state: the gain grows strictly with `L`, so at most one
 * integer fits.
 *
 * @param gain - a child's `parentWeight` less its parent's
 * @param winCount - the sum of the parent tipset's win counts
 * @returns `undefined` when no integer from 0 to 255 solves it: the child's weight is false
 * @example
 * inferLog2Power(20070n, 6) // => 49
 */
export function inferLog2Power(gain: bigint, winCount: number): number | undefined {
  if (gain < 0n || winCount < 0) return undefined;
  const guess = Number((gain * 10n) / (256n * BigInt(10 + winCount)));
  // The division inside the gain rounds down, so the quotient may fall short by one.
  for (let log2 = Math.max(0, guess - 1); log2 <= guess + 1; log2++) {
    if (log2 < 256 && weightGain(log2, winCount) === gain) return log2;
  }
  return undefined;
}
