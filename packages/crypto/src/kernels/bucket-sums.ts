import { type AffineSums, mostPoints, pointBytes } from "./affine-sums.ts";

/** Longest windows: half of 2^10 buckets each. */
const longestWindow = 10;

/**
 * Sums of points times weights, bit by bit: what is left to do is to double and add.
 *
 * Pippenger's method: weights are cut into windows of signed digits; for each window and digit the points that have it are
 * summed; for each bit of the weights, the sums of those digits that have it.
 *
 * Points: 24 words, as {@link AffineSums} takes them; none is zero. Weights: little-endian.
 *
 * @returns for each bit, from the lowest, the words of a point, or `undefined` for zero; `undefined` at all where two
 * points came together that have the same x, or there are too many
 */
export function bitSums(
  sums: AffineSums,
  points: readonly Uint32Array[],
  weights: readonly Uint8Array[],
): (Uint32Array | undefined)[] | undefined {
  const bits = longest(weights);
  if (points.length > mostPoints || bits > 256) return undefined;
  const window = bestWindow(points.length, bits);
  const windows = Math.floor(bits / window) + 1; // one bit more than there are: digits are signed
  const half = 2 ** (window - 1);
  const digits = digitsOf(weights, window, windows);
  const base = sums.load(points);

  const ends = new Int32Array(windows * half);
  for (const digit of digits) if (digit !== 0) ends[Math.abs(digit) - 1] = (ends[Math.abs(digit) - 1] as number) + 1;
  const next = new Int32Array(ends.length);
  for (let bucket = 0, start = 0; bucket < ends.length; bucket++) {
    next[bucket] = start;
    start += ends[bucket] as number;
    ends[bucket] = start;
  }
  const items = new Int32Array(ends[ends.length - 1] ?? 0);
  for (const [i, digit] of digits.entries()) {
    if (digit === 0) continue;
    const bucket = Math.abs(digit) - 1;
    const place = next[bucket] as number;
    next[bucket] = place + 1;
    items[place] = base + (2 * Math.floor(i / windows) + (digit < 0 ? 1 : 0)) * pointBytes;
  }
  if (!sums.sumLists(items, ends)) return undefined;
  return sumBits(sums, items, ends, window);
}

/** From sums of digits to sums of bits. */
function sumBits(
  sums: AffineSums,
  buckets: Int32Array,
  bucketEnds: Int32Array,
  window: number,
): (Uint32Array | undefined)[] | undefined {
  const half = 2 ** (window - 1);
  const windows = bucketEnds.length / half;
  const items: number[] = [];
  const ends = new Int32Array(windows * window);
  for (let list = 0; list < ends.length; list++) {
    const [at, bit] = [Math.floor(list / window), list % window];
    for (let digit = 2 ** bit; digit <= half; digit++) {
      if (((digit >> bit) & 1) === 0) continue;
      const bucket = at * half + digit - 1;
      const start = bucket === 0 ? 0 : (bucketEnds[bucket - 1] as number);
      if (start < (bucketEnds[bucket] as number)) items.push(buckets[start] as number);
    }
    ends[list] = items.length;
  }
  const flat = Int32Array.from(items);
  if (!sums.sumLists(flat, ends)) return undefined;
  return Array.from(ends, (end, list) => {
    const start = list === 0 ? 0 : (ends[list - 1] as number);
    return start === end ? undefined : sums.read(flat[start] as number);
  });
}

function longest(weights: readonly Uint8Array[]): number {
  let bits = 0;
  for (const weight of weights) {
    for (let i = weight.length - 1; 8 * i + 8 > bits && i >= 0; i--) {
      const byte = weight[i] as number;
      if (byte !== 0) bits = Math.max(bits, 8 * i + 32 - Math.clz32(byte));
    }
  }
  return bits;
}

/** The window with the fewest additions. */
function bestWindow(count: number, bits: number): number {
  let [best, fewest] = [2, Number.POSITIVE_INFINITY];
  for (let window = 2; window <= longestWindow; window++) {
    const half = 2 ** (window - 1);
    const additions = (Math.floor(bits / window) + 1) * (count - half + (window * half) / 2);
    if (additions < fewest) [best, fewest] = [window, additions];
  }
  return best;
}

/**
 * Digits of all weights, from -half to half: `windows` to a weight, the lowest first. A digit is given as the number of its
 * bucket among those of all windows, from 1 on, with its sign; 0 is no digit.
 */
function digitsOf(weights: readonly Uint8Array[], window: number, windows: number): Int32Array {
  const half = 2 ** (window - 1);
  const digits = new Int32Array(windows * weights.length);
  let place = 0;
  for (const weight of weights) {
    let carry = 0;
    for (let i = 0; i < windows; i++) {
      const byte = (window * i) >> 3;
      const three = (weight[byte] ?? 0) | ((weight[byte + 1] ?? 0) << 8) | ((weight[byte + 2] ?? 0) << 16);
      let digit = ((three >> ((window * i) & 7)) & (2 * half - 1)) + carry;
      carry = digit > half ? 1 : 0;
      if (carry === 1) digit -= 2 * half;
      digits[place++] = digit === 0 ? 0 : digit > 0 ? digit + i * half : digit - i * half;
    }
  }
  return digits;
}
