import { latin1 } from "@copse/primitives";
import type { BlsCurve, G1Point, G2Point } from "./engine.ts";
import { CryptoError } from "./errors.ts";

/** The domain tag of Filecoin's signatures in G2, and of drand's chained ones. */
export const g2Tag = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_";
/** The domain tag of drand's quicknet signatures in G1. */
export const g1Tag = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/** Reads a point of G1, strictly: canonical, on the curve, in the subgroup. Infinity is a point. */
export function readG1(curve: BlsCurve, bytes: Uint8Array): G1Point | undefined {
  return isCanonicalPoint(bytes, 48) ? curve.g1.decode(bytes) : undefined;
}

/** Reads a point of G2, as {@link readG1}. */
export function readG2(curve: BlsCurve, bytes: Uint8Array): G2Point | undefined {
  return isCanonicalPoint(bytes, 96) ? curve.g2.decode(bytes) : undefined;
}

const field: Uint8Array = Uint8Array.from(
  "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab".match(/../g) ?? [],
  (pair) => Number.parseInt(pair, 16),
);

const orderLittleEndian: Uint8Array = Uint8Array.from(
  "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001".match(/../g) ?? [],
  (pair) => Number.parseInt(pair, 16),
).reverse();

/**
 * Tells whether bytes are the one compressed encoding of some field element: length 48 (G1) or 96 (G2), compression
 * flag set, coordinates below the field's order, infinity with nothing else. Not whether the point is on the curve.
 *
 * All engines read points through this gate, so that none can be laxer than another.
 *
 * @see draft-irtf-cfrg-pairing-friendly-curves appendix C
 */
export function isCanonicalPoint(bytes: Uint8Array, size: 48 | 96): boolean {
  if (bytes.length !== size) return false;
  const flags = bytes[0] as number;
  if ((flags & 0x80) === 0) return false;
  if ((flags & 0x40) !== 0) {
    if (flags !== 0xc0) return false;
    for (let i = 1; i < size; i++) if (bytes[i] !== 0) return false;
    return true;
  }
  return belowField(bytes, 0, flags & 0x1f) && (size === 48 || belowField(bytes, 48, bytes[48] as number));
}

function belowField(bytes: Uint8Array, at: number, first: number): boolean {
  for (let i = 0; i < 48; i++) {
    const byte = i === 0 ? first : (bytes[at + i] as number);
    const limit = field[i] as number;
    if (byte !== limit) return byte < limit;
  }
  return false;
}

/** @throws {CryptoError} `crypto/length-wrong`, `crypto/private-key-out-of-range` */
export function assertPrivateKey(privateKey: Uint8Array): void {
  if (privateKey.length !== 32) {
    throw new CryptoError("crypto/length-wrong", { what: "private key", expected: 32, found: privateKey.length });
  }
  let below = false;
  for (let i = 31; i >= 0; i--) {
    const byte = privateKey[i] as number;
    const limit = orderLittleEndian[i] as number;
    if (byte === limit) continue;
    below = byte < limit;
    break;
  }
  if (!below || privateKey.every((byte) => byte === 0)) {
    throw new CryptoError("crypto/private-key-out-of-range", { curve: "BLS12-381" });
  }
}

/** Tells whether no two byte strings are equal. */
export function areDistinct(messages: readonly Uint8Array[]): boolean {
  return messages.length < 2 || new Set(messages.map(latin1)).size === messages.length;
}
