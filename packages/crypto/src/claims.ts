import { latin1 } from "@copse/primitives";
import { g1Tag, g2Tag, readG1, readG2 } from "./bls-points.ts";
import type { BlsCurve, G1Point, G2Point, PointGroup } from "./engine.ts";

/** Which group holds keys and which signatures, with the pairing in that order. */
export interface Orientation<K, S> {
  readonly keys: PointGroup<K>;
  readonly signatures: PointGroup<S>;
  /** Domain tag of the hash into the signatures' group. */
  readonly tag: string;
  /** Whether keys are the cheaper points to multiply: true where they are in G1. */
  readonly cheapKeys: boolean;
  readKey(bytes: Uint8Array): K | undefined;
  readSignature(bytes: Uint8Array): S | undefined;
  productIsOne(keys: readonly K[], signatures: readonly S[]): boolean;
}

/** Filecoin's signatures and drand's chained ones: keys in G1, signatures in G2. */
export function longSignatures(curve: BlsCurve): Orientation<G1Point, G2Point> {
  return {
    keys: curve.g1,
    signatures: curve.g2,
    tag: g2Tag,
    cheapKeys: true,
    readKey: (bytes) => readG1(curve, bytes),
    readSignature: (bytes) => readG2(curve, bytes),
    productIsOne: (keys, signatures) => curve.productIsOne(keys, signatures),
  };
}

/** Quicknet's signatures: keys in G2, signatures in G1. */
export function shortSignatures(curve: BlsCurve): Orientation<G2Point, G1Point> {
  return {
    keys: curve.g2,
    signatures: curve.g1,
    tag: g1Tag,
    cheapKeys: false,
    readKey: (bytes) => readG2(curve, bytes),
    readSignature: (bytes) => readG1(curve, bytes),
    productIsOne: (keys, signatures) => curve.productIsOne(signatures, keys),
  };
}

/** One pair of a claim: the key, and the hash it must have signed. */
export interface Term<K, S> {
  readonly key: K;
  readonly keyName: string;
  readonly hash: S;
  readonly hashName: string;
}

/** That a signature is the sum of one by each key over the hash beside it. No key is infinity. */
export interface Claim<K, S> {
  readonly terms: readonly Term<K, S>[];
  readonly signature: S;
}

/** A claim in bytes. */
export interface ClaimBytes {
  readonly publicKeys: readonly Uint8Array[];
  readonly messages: readonly Uint8Array[];
  readonly signature: Uint8Array;
}

/** Reads claims; each distinct key is decoded and each distinct message hashed once. */
export class ClaimReader<K, S> {
  readonly #side: Orientation<K, S>;
  readonly #keys = new Map<string, K | undefined>();
  readonly #hashes = new Map<string, S>();

  constructor(side: Orientation<K, S>) {
    this.#side = side;
  }

  /** @returns `undefined` where a point is malformed, off the curve, outside the subgroup, or a key at infinity */
  read({ publicKeys, messages, signature: bytes }: ClaimBytes): Claim<K, S> | undefined {
    const signature = this.#side.readSignature(bytes);
    if (signature === undefined) return undefined;
    const keyNames = publicKeys.map(latin1);
    const keys: K[] = [];
    for (const [i, publicKey] of publicKeys.entries()) {
      const key = this.#key(keyNames[i] as string, publicKey);
      if (key === undefined) return undefined;
      keys.push(key);
    }
    // hashing is dearest: it comes after all that may refuse the claim
    const terms = messages.map((message, i): Term<K, S> => {
      const hashName = latin1(message);
      return { key: keys[i] as K, keyName: keyNames[i] as string, hash: this.#hash(hashName, message), hashName };
    });
    return { terms, signature };
  }

  #key(name: string, bytes: Uint8Array): K | undefined {
    if (this.#keys.has(name)) return this.#keys.get(name);
    const key = this.#side.readKey(bytes);
    const usable = key === undefined || this.#side.keys.isZero(key) ? undefined : key;
    this.#keys.set(name, usable);
    return usable;
  }

  #hash(name: string, message: Uint8Array): S {
    let hash = this.#hashes.get(name);
    if (hash === undefined) {
      hash = this.#side.signatures.hash(message, this.#side.tag);
      this.#hashes.set(name, hash);
    }
    return hash;
  }
}

/**
 * Tells whether one claim holds, exactly. Pairs of one key are one pair: e(k, a)·e(k, b) = e(k, a + b).
 *
 * Cost: one Miller loop over as many pairs as there are keys, and one; one final exponentiation.
 */
export function holdsAlone<K, S>(side: Orientation<K, S>, { terms, signature }: Claim<K, S>): boolean {
  const byKey = new Map<string, Term<K, S>[]>();
  for (const term of terms) pushTo(byKey, term.keyName, term);
  const product = new Product(side);
  for (const same of byKey.values()) {
    const first = same[0] as Term<K, S>;
    product.add(first.key, same.length === 1 ? first.hash : side.signatures.sum(same.map((term) => term.hash)));
  }
  return product.equals(signature);
}

/** Pairs on their way to one product of pairings. */
export class Product<K, S> {
  readonly #side: Orientation<K, S>;
  readonly #keys: K[] = [];
  readonly #signatures: S[] = [];

  constructor(side: Orientation<K, S>) {
    this.#side = side;
  }

  add(key: K, signature: S): void {
    if (this.#side.keys.isZero(key) || this.#side.signatures.isZero(signature)) return; // a factor of one
    this.#keys.push(key);
    this.#signatures.push(signature);
  }

  /** Whether the pairs' product is the pairing of the generator with `signature`. Adds a pair: call it once, last. */
  equals(signature: S): boolean {
    this.add(this.#side.keys.negate(this.#side.keys.generator), signature);
    return this.#side.productIsOne(this.#keys, this.#signatures);
  }
}

/** Appends to the list under a name. */
export function pushTo<T>(lists: Map<string, T[]>, name: string, item: T): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [item]);
  else list.push(item);
}
