import { type Claim, holdsAlone, type Orientation, Product, pushTo, type Term } from "./claims.ts";

/** Unpredictable bytes. */
export type Random = (length: number) => Uint8Array;

/** A claim of a batch; `index` is the caller's own. */
export interface NumberedClaim<K, S> extends Claim<K, S> {
  readonly index: number;
}

/**
 * Claims of more pairs are verified alone: weighting costs a multiplication a pair, being alone one Miller loop and one
 * final exponentiation, as much as eleven multiplications in G1 (mcl-wasm; noble much the same).
 */
const mostTogether = 10;

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
  claims: readonly NumberedClaim<K, S>[],
  random: Random,
  bad: (index: number) => void,
): void {
  const small: NumberedClaim<K, S>[] = [];
  for (const claim of claims) {
    if (claim.terms.length <= mostTogether) small.push(claim);
    else if (!holdsAlone(side, claim)) bad(claim.index);
  }
  verifySet(side, small, random, bad);
}

function verifySet<K, S>(
  side: Orientation<K, S>,
  claims: readonly NumberedClaim<K, S>[],
  random: Random,
  bad: (index: number) => void,
): void {
  if (claims.length > 0 && !hold(side, claims, random)) splitBad(side, claims, random, bad);
}

/** Names the bad ones of claims known not to hold together. */
function splitBad<K, S>(
  side: Orientation<K, S>,
  claims: readonly NumberedClaim<K, S>[],
  random: Random,
  bad: (index: number) => void,
): void {
  if (claims.length === 1) {
    bad((claims[0] as NumberedClaim<K, S>).index);
    return;
  }
  const [left, right] = [claims.slice(0, claims.length >> 1), claims.slice(claims.length >> 1)];
  if (hold(side, left, random)) {
    splitBad(side, right, random, bad); // the fault is in this half: no product needed to know
    return;
  }
  splitBad(side, left, random, bad);
  verifySet(side, right, random, bad);
}

function hold<K, S>(side: Orientation<K, S>, claims: readonly Claim<K, S>[], random: Random): boolean {
  if (claims.length === 1) return holdsAlone(side, claims[0] as Claim<K, S>);
  const weights = claims.map(() => weight(random));
  const signatures = claims.map((claim) => claim.signature);
  const product = new Product(side);
  addMerged(side, claims, weights, product);
  return product.equals(side.signatures.weightedSum(signatures, weights));
}

interface Weighted<K, S> {
  readonly term: Term<K, S>;
  readonly weight: Uint8Array;
}

/** Adds the weighted pairs: those of one key as one, those of keys that come once by message. */
function addMerged<K, S>(
  side: Orientation<K, S>,
  claims: readonly Claim<K, S>[],
  weights: readonly Uint8Array[],
  product: Product<K, S>,
): void {
  const byKey = new Map<string, Weighted<K, S>[]>();
  for (const [i, claim] of claims.entries()) {
    for (const term of claim.terms) pushTo(byKey, term.keyName, { term, weight: weights[i] as Uint8Array });
  }
  const byMessage = new Map<string, Weighted<K, S>[]>();
  const weighHashes = (terms: readonly Weighted<K, S>[]): void => {
    const hashes = terms.map(({ term }) => term.hash);
    product.add((terms[0] as Weighted<K, S>).term.key, side.signatures.weightedSum(hashes, weightsOf(terms)));
  };
  for (const terms of byKey.values()) {
    const single = terms.length === 1 ? terms[0] : undefined;
    // a pair by itself may be weighted on either side: take the group where that is cheaper
    if (single !== undefined && side.cheapKeys) pushTo(byMessage, single.term.hashName, single);
    else weighHashes(terms);
  }
  for (const terms of byMessage.values()) {
    const keys = terms.map(({ term }) => term.key);
    product.add(side.keys.weightedSum(keys, weightsOf(terms)), (terms[0] as Weighted<K, S>).term.hash);
  }
}

function weightsOf<K, S>(terms: readonly Weighted<K, S>[]): Uint8Array[] {
  return terms.map(({ weight }) => weight);
}

/** 16 bytes, odd: never zero, below the group order. */
function weight(random: Random): Uint8Array {
  const bytes = Uint8Array.from(random(16));
  bytes[0] = (bytes[0] as number) | 1;
  return bytes;
}
