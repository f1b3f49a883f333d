import type { G1Point } from "@copse/crypto";
import { bdnWeights } from "./coefficients.ts";
import type { KeyCache } from "./key-cache.ts";
import type { KeyList } from "./power-table.ts";

/** A key list made ready: points and weights of all members. */
interface Weighted {
  readonly keys: KeyList;
  readonly points: readonly G1Point[];
  readonly weights: readonly Uint8Array[];
  /** The last aggregate that was made of it. */
  last: { readonly signers: readonly number[]; readonly key: G1Point } | undefined;
}

/**
 * Aggregate keys of the signers of one certificate after the other.
 *
 * Cost: the weights and a sum over the signers where the keys or their order changed; else a sum over who signs now and
 * did not before, and the other way round.
 */
export class KeyAggregator {
  readonly #cache: KeyCache;
  #current: Weighted | undefined;

  constructor(cache: KeyCache) {
    this.#cache = cache;
  }

  /**
   * The weighted sum of the signers' keys.
   *
   * @returns the place of the first key in the list that is no usable point, signer or not
   */
  aggregate(keys: KeyList, signers: readonly number[]): G1Point | number {
    const list = this.#prepare(keys);
    if (typeof list === "number") return list;
    const { g1 } = this.#cache.curve;
    const { last } = list;
    const joined = last === undefined ? signers : without(signers, last.signers);
    const left = last === undefined ? [] : without(last.signers, signers);
    const isNear = last !== undefined && joined.length + left.length < signers.length;
    const sum = (members: readonly number[]): G1Point =>
      g1.weightedSum(
        members.map((i) => list.points[i] as G1Point),
        members.map((i) => list.weights[i] as Uint8Array),
      );
    const key = isNear ? g1.sum([last.key, sum(joined), g1.negate(sum(left))]) : sum(signers);
    list.last = { signers, key };
    return key;
  }

  #prepare(keys: KeyList): Weighted | number {
    if (this.#current?.keys === keys) return this.#current;
    const before = this.#current;
    const points: (G1Point | undefined)[] = new Array(keys.count);
    const places: number[] = [];
    for (let i = 0; i < keys.count; i++) {
      // most stay where they were: comparing them is faster than naming them
      if (hasSameKey(before?.keys, keys, i)) points[i] = before?.points[i];
      else places.push(i);
    }
    const moved = this.#cache.getAll(places.map((i) => keys.bytes.subarray(48 * i, 48 * i + 48)));
    for (const [i, place] of places.entries()) points[place] = moved[i];
    const malformed = points.indexOf(undefined);
    if (malformed >= 0) return malformed;
    this.#current = { keys, points: points as G1Point[], weights: bdnWeights(keys.bytes), last: undefined };
    return this.#current;
  }
}

function hasSameKey(before: KeyList | undefined, keys: KeyList, place: number): boolean {
  if (before === undefined || place >= before.count) return false;
  for (let i = 48 * place; i < 48 * place + 48; i++) if (before.bytes[i] !== keys.bytes[i]) return false;
  return true;
}

/** Numbers of one rising list that another lacks. */
function without(from: readonly number[], other: readonly number[]): number[] {
  const rest: number[] = [];
  let at = 0;
  for (const number of from) {
    while (at < other.length && (other[at] as number) < number) at++;
    if (other[at] !== number) rest.push(number);
  }
  return rest;
}
