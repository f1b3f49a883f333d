import { equalBytes } from "@copse/primitives";
import { AffineSums, mostPoints } from "./kernels/affine-sums.ts";
import { bitSums } from "./kernels/bucket-sums.ts";
import { PointReader } from "./kernels/point-reader.ts";
import { mostSubsetPoints, randomSubsetSums } from "./kernels/random-subsets.ts";

type Mcl = typeof import("mcl-wasm");
type G1 = InstanceType<Mcl["G1"]>;

/** From this many points on the kernel is the faster one (bench/README.md). */
const fewestPoints = 64;
/** As many points of the first are made or read by mcl as well. */
const provingPoints = 64;
/** From this many on the kernel reads points faster. */
const fewestReads = 32;
/** From this many on a test of random subsets is faster than one of each. */
const fewestSubsetPoints = 400;
/** Words of a point of mcl: x, y and z, each times 2^384, of Jacobian coordinates. */
const coordinateWords = 12;

/**
 * Weighted sums of many points of G1, and reading many, by the kernels of this package, between points of mcl: sums are
 * two and a half times as fast as mcl's own in Wasm for a thousand points and weights of 128 bits.
 *
 * The first sum is tried on a few points, and made of them by mcl as well: were its points kept in another form than this
 * knows, or were the kernel wrong on this machine, it would not be used.
 */
export class G1Kernel {
  readonly #mcl: Mcl;
  /** What z is of a point that is normalized: 1. */
  readonly #one: Uint32Array;
  #sums: AffineSums | undefined;
  #reader: PointReader | undefined;
  /** Whether sums, and points read, were found to be mcl's. */
  #sumsRight: boolean | undefined;
  #readsRight: boolean | undefined;

  /** @param normalized any point as mcl reads it */
  constructor(mcl: Mcl, normalized: G1) {
    this.#mcl = mcl;
    this.#one = wordsOf(normalized).slice(2 * coordinateWords);
  }

  /**
   * @param weights little-endian, at most 32 B
   * @returns `undefined` where the kernel is of no use: few points, zeros among them, such as are not normalized, points
   * that met their equals. Then it is for mcl to sum.
   */
  weightedSum(
    points: readonly G1[],
    weights: readonly Uint8Array[],
    byMcl: (points: readonly G1[], weights: readonly Uint8Array[]) => G1,
  ): G1 | undefined {
    const { length } = points;
    if (length < fewestPoints || this.#sumsRight === false) return undefined;
    if (!points.every((point) => this.#isNormalized(point)) || new Set(points).size < length) return undefined;
    if (this.#sumsRight === undefined) {
      const [some, their] = [points.slice(0, provingPoints), weights.slice(0, provingPoints)];
      const sum = this.#sum(some, their);
      if (sum === undefined) return undefined;
      this.#sumsRight = isSame(sum, byMcl(some, their));
      return this.weightedSum(points, weights, byMcl);
    }
    let sum: G1 | undefined = new this.#mcl.G1();
    for (let at = 0; sum !== undefined && at < length; at += mostPoints) {
      const part = this.#sum(points.slice(at, at + mostPoints), weights.slice(at, at + mostPoints));
      sum = part && this.#mcl.add(sum, part);
    }
    return sum;
  }

  /**
   * Reads compressed points that are canonical, each as mcl does.
   *
   * @returns `undefined` where the kernel is of no use: few points, infinity among them, points of small order
   */
  readAll(list: readonly Uint8Array[], byMcl: (bytes: Uint8Array) => G1 | undefined): (G1 | undefined)[] | undefined {
    if (list.length < fewestReads || this.#readsRight === false) return undefined;
    if (list.some((bytes) => ((bytes[0] as number) & 0x40) !== 0)) return undefined;
    const points = this.#read(list)?.map((words) => words && this.#pointOf(words));
    if (points === undefined || this.#readsRight !== undefined) return points;
    this.#readsRight = list.slice(0, provingPoints).every((bytes, i) => {
      const [ours, theirs] = [points[i], byMcl(bytes)];
      return ours === undefined || theirs === undefined ? ours === theirs : isSame(ours, theirs);
    });
    return this.#readsRight ? points : undefined;
  }

  #read(list: readonly Uint8Array[]): (Uint32Array | undefined)[] | undefined {
    this.#reader ??= new PointReader();
    const points = this.#reader.decompress(list);
    const present = points.filter((words) => words !== undefined);
    if (this.#areAllInSubgroup(this.#reader, present)) return points;
    const answers = this.#reader.areInSubgroup(present);
    let next = 0;
    return answers && points.map((words) => (words !== undefined && answers[next++] === true ? words : undefined));
  }

  /** Whether points are all in the prime-order subgroup, by random subsets; false also where that was not to be told. */
  #areAllInSubgroup(reader: PointReader, points: readonly Uint32Array[]): boolean {
    if (points.length < fewestSubsetPoints) return false;
    this.#sums ??= new AffineSums();
    for (let at = 0; at < points.length; at += mostSubsetPoints) {
      const subsets = randomSubsetSums(this.#sums, points.slice(at, at + mostSubsetPoints), randomBytes);
      if (subsets === undefined || reader.areInSubgroup(subsets)?.every(Boolean) !== true) return false;
    }
    return true;
  }

  #sum(points: readonly G1[], weights: readonly Uint8Array[]): G1 | undefined {
    this.#sums ??= new AffineSums();
    const affine = points.map((point) => wordsOf(point).subarray(0, 2 * coordinateWords));
    const bits = bitSums(this.#sums, affine, weights);
    if (bits === undefined) return undefined;
    let sum = new this.#mcl.G1();
    for (let bit = bits.length - 1; bit >= 0; bit--) {
      sum = this.#mcl.dbl(sum);
      const words = bits[bit];
      if (words === undefined) continue;
      sum = this.#mcl.add(sum, this.#pointOf(words));
    }
    return sum;
  }

  #pointOf(words: Uint32Array): G1 {
    const point = new this.#mcl.G1();
    wordsOf(point).set(words);
    wordsOf(point).set(this.#one, 2 * coordinateWords);
    return point;
  }

  #isNormalized(point: G1): boolean {
    const words = wordsOf(point);
    for (let i = 0; i < coordinateWords; i++) if (words[2 * coordinateWords + i] !== this.#one[i]) return false;
    return true;
  }
}

/** Nobody may foresee which subsets are tested, or points could be made that pass: so it is no caller's choice. */
function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

function isSame(a: G1, b: G1): boolean {
  return equalBytes(a.serialize(), b.serialize());
}

function wordsOf(point: G1): Uint32Array {
  return (point as unknown as { readonly a_: Uint32Array }).a_;
}
