import { type BlsCurve, currentEngine, type G1Point, type G2Point } from "@copse/crypto";
import { g2Tag, readG2 } from "@copse/crypto/groups";
import type { Claim } from "./advance.ts";
import { KeyAggregator } from "./aggregate-key.ts";
import { KeyCache } from "./key-cache.ts";

/** Unpredictable bytes. */
export type Random = (length: number) => Uint8Array;

/** Why a claim does not hold; `index` counts claims. */
export type BadClaim =
  | { readonly index: number; readonly why: "key"; readonly member: number }
  | { readonly index: number; readonly why: "signature-malformed" | "signature-wrong" };

/** Points of a claim: the aggregate key, the hash it must have signed, the signature. */
interface Pair {
  readonly key: G1Point;
  readonly hash: G2Point;
  readonly signature: G2Point;
}

/**
 * Checks the signatures of certificates, many at once. Keeps decoded keys, and the weights of the last key list.
 *
 * Each claim is raised to a random weight of 127 bits, so that a set in which any is wrong passes with a chance of 2^-127
 * at most, however the wrong ones were chosen. Then one product of pairings answers for all; if it fails, halves of the
 * set tell which claim is the first that is wrong.
 *
 * Cost for n good claims: n aggregate keys, n hashes to the curve, one product of n + 1 pairings. A bad one adds about
 * log2(n) products of half the size each.
 */
export class ClaimChecker {
  readonly #random: Random;
  #curve: BlsCurve | undefined;
  #keys: KeyAggregator | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /** @returns the first claim that does not hold; `undefined` where all do */
  firstBad(claims: readonly Claim[]): BadClaim | undefined {
    const curve = currentEngine().bls;
    if (curve !== this.#curve) {
      this.#curve = curve;
      this.#keys = new KeyAggregator(new KeyCache(curve));
    }
    const keys = this.#keys as KeyAggregator;
    const pairs: Pair[] = [];
    let refused: BadClaim | undefined;
    for (const [index, claim] of claims.entries()) {
      const signature = readG2(curve, claim.signature);
      if (signature === undefined) {
        refused = { index, why: "signature-malformed" };
        break;
      }
      const key = keys.aggregate(claim.keys, claim.signers);
      if (typeof key === "number") {
        refused = { index, why: "key", member: key };
        break;
      }
      pairs.push({ key, hash: curve.g2.hash(claim.message, g2Tag), signature });
    }
    const wrong = this.#firstWrong(curve, pairs);
    return wrong === undefined ? refused : { index: wrong, why: "signature-wrong" };
  }

  #firstWrong(curve: BlsCurve, pairs: readonly Pair[]): number | undefined {
    if (pairs.length === 0 || this.#hold(curve, pairs)) return undefined;
    let [good, end] = [0, pairs.length]; // all before `good` hold; the first wrong one is before `end`
    while (end - good > 1) {
      const middle = (good + end) >> 1;
      if (this.#hold(curve, pairs.slice(good, middle))) good = middle;
      else end = middle;
    }
    return good;
  }

  /** Whether the product of e(r·key, hash) is e(generator, sum of r·signature). */
  #hold({ g1, g2, productIsOne }: BlsCurve, pairs: readonly Pair[]): boolean {
    const isOne = pairs.length === 1;
    const weights = pairs.map(() => this.#weight());
    const signatures = pairs.map(({ signature }) => signature);
    const sum = isOne ? (signatures[0] as G2Point) : g2.weightedSum(signatures, weights);
    const lefts: G1Point[] = [];
    const rights: G2Point[] = [];
    const add = (left: G1Point, right: G2Point): void => {
      if (g1.isZero(left) || g2.isZero(right)) return; // a factor of one
      lefts.push(left);
      rights.push(right);
    };
    for (const [i, { key, hash }] of pairs.entries()) {
      add(isOne ? key : g1.weightedSum([key], [weights[i] as Uint8Array]), hash);
    }
    add(g1.negate(g1.generator), sum);
    return productIsOne(lefts, rights);
  }

  /** 16 bytes, odd: never zero, below the group's order. */
  #weight(): Uint8Array {
    const bytes = Uint8Array.from(this.#random(16));
    bytes[0] = (bytes[0] as number) | 1;
    return bytes;
  }
}
