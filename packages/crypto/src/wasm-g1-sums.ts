import { equalBytes } from "@copse/primitives";
import { AffineSums, mostPoints } from "./kernels/affine-sums.ts";
import { bitSums } from "./kernels/bucket-sums.ts";

type Mcl = typeof import("mcl-wasm");
type G1 = InstanceType<Mcl["G1"]>;

/** From this many points on the kernel is the faster one (bench/README.md). */
const fewestPoints = 64;
/** Words of a point of mcl: x, y and z, each times 2^384, of Jacobian coordinates. */
const coordinateWords = 12;

/**
 * Weighted sums of many points of G1 by the kernel of this package, between points of mcl: two and a half times as fast as
 * mcl's own in Wasm for a thousand points and weights of 128 bits.
 *
 * The first sum is made by mcl as well: were its points kept in another form than this knows, or were the kernel wrong on
 * this machine, it would not be used.
 */
export class G1Sums {
  readonly #mcl: Mcl;
  /** What z is of a point that is normalized: 1. */
  readonly #one: Uint32Array;
  #sums: AffineSums | undefined;
  #isTrusted: boolean | undefined;

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
  weightedSum(points: readonly G1[], weights: readonly Uint8Array[], byMcl: () => G1): G1 | undefined {
    const { length } = points;
    if (length < fewestPoints || this.#isTrusted === false) return undefined;
    if (!points.every((point) => this.#isNormalized(point)) || new Set(points).size < length) return undefined;
    let sum: G1 | undefined = new this.#mcl.G1();
    for (let at = 0; sum !== undefined && at < length; at += mostPoints) {
      const part = this.#sum(points.slice(at, at + mostPoints), weights.slice(at, at + mostPoints));
      sum = part && this.#mcl.add(sum, part);
    }
    if (sum === undefined || this.#isTrusted !== undefined) return sum;
    const expected = byMcl();
    this.#isTrusted = equalBytes(sum.serialize(), expected.serialize());
    return expected;
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
      const point = new this.#mcl.G1();
      wordsOf(point).set(words);
      wordsOf(point).set(this.#one, 2 * coordinateWords);
      sum = this.#mcl.add(sum, point);
    }
    return sum;
  }

  #isNormalized(point: G1): boolean {
    const words = wordsOf(point);
    for (let i = 0; i < coordinateWords; i++) if (words[2 * coordinateWords + i] !== this.#one[i]) return false;
    return true;
  }
}

function wordsOf(point: G1): Uint32Array {
  return (point as unknown as { readonly a_: Uint32Array }).a_;
}
