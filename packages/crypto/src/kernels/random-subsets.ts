import { type AffineSums, pointBytes } from "./affine-sums.ts";

/** Most points whose subsets fit the memory for sums. */
export const mostSubsetPoints = 1500;
/** A wrong point is in half of all subsets: that none of so many shows it has a chance of 2^-128. */
const subsets = 128;
/** Points of which all subsets are summed beforehand: 57 sums, for five fewer in each of the subsets that hold them. */
const blockLength = 6;

/**
 * Sums of random subsets of points. If one point has a part outside the prime-order subgroup, each of these sums has one
 * with a chance of a half at least, whatever the others are: so a few tests of subgroups stand for many.
 *
 * Cost: for 1,500 points 46,000 additions, where testing each would take 204,000 that are dearer.
 *
 * @returns `undefined` where points met that have the same x
 */
export function randomSubsetSums(
  sums: AffineSums,
  points: readonly Uint32Array[],
  random: (length: number) => Uint8Array,
): Uint32Array[] | undefined {
  const first = sums.load(points);
  const blocks = Math.ceil(points.length / blockLength);
  const size = 2 ** blockLength;
  // the sum of each subset of a block by the subset's bits; 0 where it has a place past the last point
  const tables = new Int32Array(size * blocks);
  for (let i = 0; i < points.length; i++) {
    tables[size * Math.floor(i / blockLength) + 2 ** (i % blockLength)] = first + 2 * i * pointBytes;
  }
  for (let members = 2; members <= blockLength; members++) {
    if (!sumSubsets(sums, tables, members)) return undefined;
  }
  const items: number[] = [];
  const ends = new Int32Array(subsets);
  for (let subset = 0; subset < subsets; subset++) {
    for (const [block, byte] of random(blocks).entries()) {
      // the last block may lack points: what it lacks is not taken
      const left = Math.min(blockLength, points.length - blockLength * block);
      const chosen = byte & (2 ** left - 1);
      if (chosen !== 0) items.push(tables[size * block + chosen] as number);
    }
    ends[subset] = items.length;
  }
  const flat = Int32Array.from(items);
  if (!sums.sumLists(flat, ends)) return undefined;
  return Array.from(ends).flatMap((end, subset) => {
    const start = subset === 0 ? 0 : (ends[subset - 1] as number);
    return start === end ? [] : [sums.read(flat[start] as number)];
  });
}

/** Sums the subsets of so many members in all tables, from those of one member less. */
function sumSubsets(sums: AffineSums, tables: Int32Array, members: number): boolean {
  const items: number[] = [];
  const places: number[] = [];
  for (let place = 0; place < tables.length; place++) {
    const bits = place % 2 ** blockLength;
    if (countBits(bits) !== members) continue;
    const lowest = bits & -bits;
    const table = place - bits;
    const [one, others] = [tables[table + lowest] as number, tables[place - lowest] as number];
    if (one === 0 || others === 0) continue;
    items.push(one, others);
    places.push(place);
  }
  const flat = Int32Array.from(items);
  const ends = Int32Array.from(places, (_, i) => 2 * i + 2);
  if (!sums.sumLists(flat, ends)) return false;
  for (const [i, place] of places.entries()) tables[place] = flat[2 * i] as number;
  return true;
}

function countBits(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}
