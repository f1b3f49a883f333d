import { latin1 } from "@copse/primitives";
import type { PointGroup } from "./engine.ts";

/** Which group holds keys and which signatures, with the pairing in that order. */
export interface Orientation<K, S> {
  readonly keys: PointGroup<K>;
  readonly signatures: PointGroup<S>;
  /** Domain tag of the hash into the signatures' group. */
  readonly tag: string;
  /** Whether keys are the cheaper points to multiply: true where they are in G1. */
  readonly cheapKeys: boolean;
  productIsOne(keys: readonly K[], signatures: readonly S[]): boolean;
}

/** One pair of an aggregate: the key, and the hash it must have signed. */
interface Term<K, S> {
  readonly key: K;
  readonly keyName: string;
  readonly hash: S;
  readonly hashName: string;
}

/** An aggregate to verify, its points read: none of the keys is infinity. `index` is the caller's own. */
export interface Claim<K, S> {
  readonly index: number;
  readonly terms: readonly Term<K, S>[];
  readonly signature: S;
}

/** Reads points and hashes messages, each distinct one once a batch. */
export class Reader<K, S> {
  readonly #side: Orientation<K, S>;
  readonly #readKey: (bytes: Uint8Array) => K | undefined;
  readonly #keys = new Map<string, K | undefined>();
  readonly #hashes = new Map<string, S>();

  constructor(side: Orientation<K, S>, readKey: (bytes: Uint8Array) => K | undefined) {
    this.#side = side;
    this.#readKey = readKey;
  }

  /** @returns `undefined` where the key is malformed, outside the subgroup, or infinity */
  term(publicKey: Uint8Array, message: Uint8Array): Term<K, S> | undefined {
    const keyName = latin1(publicKey);
    let key = this.#keys.get(keyName);
    if (key === undefined && !this.#keys.has(keyName)) {
      key = this.#readKey(publicKey);
      if (key !== undefined && this.#side.keys.isZero(key)) key = undefined;
      this.#keys.set(keyName, key);
    }
    if (key === undefined) return undefined;
    const hashName = latin1(message);
    let hash = this.#hashes.get(hashName);
    if (hash === undefined) {
      hash = this.#side.signatures.hash(message, this.#side.tag);
      this.#hashes.set(hashName, hash);
    }
    return { key, keyName, hash, hashName };
  }
}

/**
 * Verifies claims together, and apart where they fail together: calls `bad` with the index of each bad one.
 *
 * Each claim is raised to a random weight of 127 bits, so that a set in which any claim is wrong passes with a chance
 * of 2^-127 at most, however the wrong ones were chosen. Then one product of pairings answers for all: pairs with one
 * key are merged into one (sum of r·H(m)), pairs with one message likewise, and all signatures into one (sum of r·s).
 *
 * Cost for n good claims: one product. Each bad one adds about 2·log2(n) smaller products.
 *
 * @see https://ethresear.ch/t/fast-verification-of-multiple-bls-signatures/5407
 */
export function verifyTogether<K, S>(
  side: Orientation<K, S>,
  claims: readonly Claim<K, S>[],
  random: (length: number) => Uint8Array,
  bad: (index: number) => void,
): void {
  if (claims.length === 0 || holds(side, claims, random)) return;
  splitBad(side, claims, random, bad);
}

/** As {@link verifyTogether} for claims known not to hold together. */
function splitBad<K, S>(
  side: Orientation<K, S>,
  claims: readonly Claim<K, S>[],
  random: (length: number) => Uint8Array,
  bad: (index: number) => void,
): void {
  if (claims.length === 1) {
    bad((claims[0] as Claim<K, S>).index);
    return;
  }
  const [left, right] = [claims.slice(0, claims.length >> 1), claims.slice(claims.length >> 1)];
  if (holds(side, left, random)) {
    splitBad(side, right, random, bad); // the fault is in this half: no product needed to know
    return;
  }
  splitBad(side, left, random, bad);
  verifyTogether(side, right, random, bad);
}

function holds<K, S>(
  side: Orientation<K, S>,
  claims: readonly Claim<K, S>[],
  random: (length: number) => Uint8Array,
): boolean {
  const product: Pairs<K, S> = { keys: [], signatures: [] };
  const add = (key: K, signature: S): void => {
    if (side.keys.isZero(key) || side.signatures.isZero(signature)) return; // a factor of one
    product.keys.push(key);
    product.signatures.push(signature);
  };
  const minusOne = side.keys.negate(side.keys.generator);
  const only = claims.length === 1 ? claims[0] : undefined;
  if (only !== undefined) {
    for (const term of only.terms) add(term.key, term.hash);
    add(minusOne, only.signature);
    return side.productIsOne(product.keys, product.signatures);
  }
  const weights = claims.map(() => weight(random));
  for (const merged of mergeByKey(claims, weights)) addMerged(side, merged, add);
  add(
    minusOne,
    side.signatures.weightedSum(
      claims.map((claim) => claim.signature),
      weights,
    ),
  );
  return side.productIsOne(product.keys, product.signatures);
}

interface Pairs<K, S> {
  readonly keys: K[];
  readonly signatures: S[];
}

interface Weighted<K, S> {
  readonly term: Term<K, S>;
  readonly weight: Uint8Array;
}

/** Terms of one key together; those of keys that come once, by message. */
function mergeByKey<K, S>(
  claims: readonly Claim<K, S>[],
  weights: readonly Uint8Array[],
): readonly { by: "key" | "message"; terms: Weighted<K, S>[] }[] {
  const byKey = new Map<string, Weighted<K, S>[]>();
  for (const [i, claim] of claims.entries()) {
    for (const term of claim.terms) push(byKey, term.keyName, { term, weight: weights[i] as Uint8Array });
  }
  const merged: { by: "key" | "message"; terms: Weighted<K, S>[] }[] = [];
  const byMessage = new Map<string, Weighted<K, S>[]>();
  for (const terms of byKey.values()) {
    const single = terms.length === 1 ? terms[0] : undefined;
    if (single === undefined) merged.push({ by: "key", terms });
    else push(byMessage, single.term.hashName, single);
  }
  for (const terms of byMessage.values()) merged.push({ by: "message", terms });
  return merged;
}

function addMerged<K, S>(
  side: Orientation<K, S>,
  { by, terms }: { by: "key" | "message"; terms: readonly Weighted<K, S>[] },
  add: (key: K, signature: S) => void,
): void {
  const { term } = terms[0] as Weighted<K, S>;
  const weights = terms.map(({ weight }) => weight);
  // a pair by itself may be weighted on either side: take the group where that is cheaper
  if (by === "key" || (terms.length === 1 && !side.cheapKeys)) {
    const hashes = terms.map((each) => each.term.hash);
    add(term.key, side.signatures.weightedSum(hashes, weights));
  } else {
    const keys = terms.map((each) => each.term.key);
    add(side.keys.weightedSum(keys, weights), term.hash);
  }
}

/** 16 bytes, odd: never zero, below the group order. */
function weight(random: (length: number) => Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(random(16));
  bytes[0] = (bytes[0] as number) | 1;
  return bytes;
}

function push<T>(lists: Map<string, T[]>, name: string, item: T): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [item]);
  else list.push(item);
}
