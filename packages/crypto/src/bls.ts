import { areDistinct, assertPrivateKey, g2Tag, readG2 } from "./bls-points.ts";
import { ClaimReader, holdsAlone, longSignatures } from "./claims.ts";
import { currentEngine } from "./current-engine.ts";
import { CryptoError } from "./errors.ts";

/**
 * The public key of a private one.
 *
 * Size: 32 B **little-endian** in, as Filecoin's wallets keep it; 48 B out (compressed G1).
 *
 * @throws {CryptoError} `crypto/length-wrong`, `crypto/private-key-out-of-range`
 * @example
 * bls.publicKey(new Uint8Array(32).fill(7)).length // => 48
 */
export function publicKey(privateKey: Uint8Array): Uint8Array {
  assertPrivateKey(privateKey);
  const { g1 } = currentEngine().bls;
  return g1.encode(g1.multiply(g1.generator, privateKey));
}

/**
 * Signs a message of any length. Size: 96 B (compressed G2).
 *
 * @throws {CryptoError} `crypto/length-wrong`, `crypto/private-key-out-of-range`
 * @see draft-irtf-cfrg-bls-signature, the basic scheme
 * @example
 * bls.sign(cidBytes, privateKey).length // => 96
 */
export function sign(message: Uint8Array, privateKey: Uint8Array): Uint8Array {
  assertPrivateKey(privateKey);
  const { g2 } = currentEngine().bls;
  return g2.encode(g2.multiply(g2.hash(message, g2Tag), privateKey));
}

/**
 * Tells whether `publicKey` (48 B) signed `message`. Never throws; infinity is no key.
 *
 * @example
 * bls.verify(bls.sign(message, privateKey), message, bls.publicKey(privateKey)) // => true
 */
export function verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  return verifyAggregate(signature, [message], [publicKey]);
}

/**
 * Adds signatures up. Size: 96 B.
 *
 * @throws {CryptoError} `crypto/nothing-to-aggregate`, `crypto/signature-malformed`
 * @example
 * bls.aggregate([first, second]).length // => 96
 */
export function aggregate(signatures: readonly Uint8Array[]): Uint8Array {
  if (signatures.length === 0) throw new CryptoError("crypto/nothing-to-aggregate", {});
  const curve = currentEngine().bls;
  const points = signatures.map((signature, index) => {
    const point = readG2(curve, signature);
    if (point === undefined) throw new CryptoError("crypto/signature-malformed", { index });
    return point;
  });
  return curve.g2.encode(curve.g2.sum(points));
}

/**
 * Tells whether the signature is the sum of one by each key over the message beside it.
 *
 * Never throws. False for: no message at all (Lotus takes any aggregate over none: that is decided by who checks a
 * block), equal messages (else a rogue key could cancel another), a key at infinity, points that are malformed, off the
 * curve or outside the subgroup.
 *
 * Cost: one Miller loop over as many pairs as there are keys, and one; one final exponentiation.
 *
 * @see bls-signatures:src/signature.rs
 * @example
 * bls.verifyAggregate(bls.aggregate([first, second]), [a, b], [keyOfFirst, keyOfSecond]) // => true
 */
export function verifyAggregate(
  signature: Uint8Array,
  messages: readonly Uint8Array[],
  publicKeys: readonly Uint8Array[],
): boolean {
  if (messages.length === 0 || messages.length !== publicKeys.length || !areDistinct(messages)) return false;
  const side = longSignatures(currentEngine().bls);
  const claim = new ClaimReader(side).read({ publicKeys, messages, signature });
  return claim !== undefined && holdsAlone(side, claim);
}
