import { type BlsCurve, currentEngine, type G1Point } from "@copse/crypto";
import { readG1 } from "@copse/crypto/groups";
import { latin1 } from "@copse/primitives";

/** Keys that are kept, at most: as many as in the reference's cache. @see go-f3:blssig/aggregation.go */
const mostKeys = 10_000;

/**
 * Decoded public keys by their bytes. Reading one costs a square root and a look at the subgroup, some 0.3 ms, and
 * members stay for months.
 *
 * Bound: 10,000 keys; those not asked for since the last 5,000 new ones are forgotten first.
 */
export class KeyCache {
  readonly curve: BlsCurve;
  #young = new Map<string, G1Point | undefined>();
  #old = new Map<string, G1Point | undefined>();

  /** Points belong to the engine that made them: a cache serves one. */
  constructor(curve: BlsCurve = currentEngine().bls) {
    this.curve = curve;
  }

  /** @returns `undefined` for bytes that are no canonical point of the prime-order subgroup, or infinity */
  get(publicKey: Uint8Array): G1Point | undefined {
    const name = latin1(publicKey);
    const young = this.#young.get(name);
    if (young !== undefined) return young;
    if (this.#young.has(name)) return undefined;
    const point = this.#old.has(name) ? this.#old.get(name) : this.#read(publicKey);
    if (this.#young.size >= mostKeys / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, point);
    return point;
  }

  #read(publicKey: Uint8Array): G1Point | undefined {
    const point = readG1(this.curve, publicKey);
    return point === undefined || this.curve.g1.isZero(point) ? undefined : point;
  }
}
