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

  /**
   * Keys one after the other, 48 B each.
   *
   * @returns `undefined` for bytes that are no canonical point of the prime-order subgroup, or infinity
   */
  getAll(keys: readonly Uint8Array[]): (G1Point | undefined)[] {
    const names = keys.map(latin1);
    const found = new Map<string, G1Point | undefined>();
    const missing = new Map<string, Uint8Array>();
    for (const [i, name] of names.entries()) {
      if (this.#young.has(name)) found.set(name, this.#young.get(name));
      else if (this.#old.has(name)) found.set(name, this.#old.get(name));
      else missing.set(name, keys[i] as Uint8Array);
    }
    for (const [name, key] of missing) found.set(name, this.#read(key));
    for (const [name, point] of found) this.#put(name, point);
    return names.map((name) => found.get(name));
  }

  #put(name: string, point: G1Point | undefined): void {
    if (!this.#young.has(name) && this.#young.size >= mostKeys / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, point);
  }

  #read(key: Uint8Array): G1Point | undefined {
    const point = readG1(this.curve, key);
    return point === undefined || this.curve.g1.isZero(point) ? undefined : point;
  }
}
