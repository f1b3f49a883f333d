declare const inG1: unique symbol;
declare const inG2: unique symbol;

/** A point of G1 in whatever form its engine holds it; only the engine that made it can use it. */
export interface G1Point {
  readonly [inG1]: true;
}

/** A point of G2, as {@link G1Point}. */
export interface G2Point {
  readonly [inG2]: true;
}

/**
 * One of the two prime-order groups of BLS12-381. Engines supply groups; the signature schemes above them are written
 * once (`bls.ts`, `check-signatures.ts`), so engines cannot differ in what they accept.
 *
 * Scalars: little-endian bytes, at most 32, below the group order.
 */
export interface PointGroup<P> {
  readonly generator: P;
  /**
   * Reads a compressed point whose encoding the caller has found canonical (`isCanonicalPoint`).
   *
   * @returns `undefined` where it is not on the curve or not in the prime-order subgroup; infinity is a point
   */
  decode(bytes: Uint8Array): P | undefined;
  /** Compressed: 48 B in G1, 96 B in G2. */
  encode(point: P): Uint8Array;
  isZero(point: P): boolean;
  negate(point: P): P;
  sum(points: readonly P[]): P;
  /** Point times scalar. Engines do this in constant time where they can: the scalar may be a private key. */
  multiply(point: P, scalar: Uint8Array): P;
  /** Sum of points times public scalars; may be fast instead of constant-time. */
  weightedSum(points: readonly P[], weights: readonly Uint8Array[]): P;
  /** RFC 9380 `hash_to_curve`, `XMD:SHA-256_SSWU_RO`. */
  hash(message: Uint8Array, tag: string): P;
}

/** BLS12-381 as an engine supplies it. */
export interface BlsCurve {
  readonly g1: PointGroup<G1Point>;
  readonly g2: PointGroup<G2Point>;
  /**
   * Tells whether the product of the pairings e(g1s[i], g2s[i]) is one: one Miller loop over all pairs where the engine
   * has it, one final exponentiation. No point is zero.
   */
  productIsOne(g1s: readonly G1Point[], g2s: readonly G2Point[]): boolean;
}

/** secp256k1 as an engine supplies it; lengths and ranges are checked before it is called. */
export interface Secp256k1Curve {
  /** 65 B, uncompressed, for a key in range. */
  publicKey(privateKey: Uint8Array): Uint8Array;
  /** RFC 6979, low s; r ‖ s ‖ v, v 0 to 3. */
  sign(digest: Uint8Array, privateKey: Uint8Array): Uint8Array;
  /** 65 B, uncompressed; `undefined` where there is none. Takes high s as well. r and s are not zero, v is 0 to 3. */
  recover(digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined;
}

/** All primitives behind this package. An engine may supply a part of them: see `useEngine`. */
export interface CryptoEngine {
  /** blake2b with a digest of `size` bytes, 1 to 64. The result belongs to the caller. */
  blake2b(bytes: Uint8Array, size: number): Uint8Array;
  sha256(bytes: Uint8Array): Uint8Array;
  /** Keccak-256 as Ethereum uses it: the padding from before SHA-3. */
  keccak256(bytes: Uint8Array): Uint8Array;
  readonly secp256k1: Secp256k1Curve;
  readonly bls: BlsCurve;
}

/** A named choice of primitives; what is left out stays as it was. */
export interface EngineParts extends Partial<CryptoEngine> {
  readonly name: string;
}
