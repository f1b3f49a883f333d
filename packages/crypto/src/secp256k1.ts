import { equalBytes } from "@copse/primitives";
import { currentEngine } from "./current-engine.ts";
import { assertLength, CryptoError } from "./errors.ts";

const order: Uint8Array = Uint8Array.from([
  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc,
  0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
]);

/**
 * The public key of a private one.
 *
 * Size: 32 B big-endian in; 65 B uncompressed out (`04 ‖ x ‖ y`), as f1 addresses hash it.
 *
 * @throws {CryptoError} `crypto/length-wrong`, `crypto/private-key-out-of-range`
 * @example
 * secp256k1.publicKey(new Uint8Array(32).fill(7)).length // => 65
 */
export function publicKey(privateKey: Uint8Array): Uint8Array {
  assertPrivateKey(privateKey);
  return currentEngine().secp256k1.publicKey(privateKey);
}

/**
 * Signs a digest: deterministic (RFC 6979), low s.
 *
 * Shape: r ‖ s ‖ v, 32 + 32 + 1 B, v 0 or 1.
 *
 * @throws {CryptoError} `crypto/length-wrong`, `crypto/private-key-out-of-range`
 * @example
 * secp256k1.sign(blake2b256(cidBytes), privateKey).length // => 65
 */
export function sign(digest: Uint8Array, privateKey: Uint8Array): Uint8Array {
  assertLength("digest", digest, 32);
  assertPrivateKey(privateKey);
  return currentEngine().secp256k1.sign(digest, privateKey);
}

/**
 * The public key that made a signature. Size: 65 B uncompressed.
 *
 * As strict as Lotus and the FVM, no stricter: v is 0 to 3 (2 and 3 where r is past the order), high s is taken.
 *
 * @throws {CryptoError} `crypto/length-wrong`, `crypto/not-recoverable`
 * @see go-crypto:crypto.go
 * @example
 * secp256k1.recover(digest, secp256k1.sign(digest, privateKey)) // => secp256k1.publicKey(privateKey)
 */
export function recover(digest: Uint8Array, signature: Uint8Array): Uint8Array {
  assertLength("digest", digest, 32);
  assertLength("signature", signature, 65);
  const key = recoverOrNothing(digest, signature);
  if (key === undefined) throw new CryptoError("crypto/not-recoverable", {});
  return key;
}

/** As {@link recover}, with `undefined` for everything that has no key. Never throws. */
export function recoverOrNothing(digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined {
  if (digest.length !== 32 || signature.length !== 65 || (signature[64] as number) > 3) return undefined;
  if (!inRange(signature.subarray(0, 32)) || !inRange(signature.subarray(32, 64))) return undefined;
  return currentEngine().secp256k1.recover(digest, signature);
}

/** Tells whether the signature recovers to `publicKey` (65 B uncompressed). Never throws. */
export function verify(digest: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  const key = recoverOrNothing(digest, signature);
  return key !== undefined && equalBytes(key, publicKey);
}

function assertPrivateKey(privateKey: Uint8Array): void {
  assertLength("private key", privateKey, 32);
  if (!inRange(privateKey)) throw new CryptoError("crypto/private-key-out-of-range", { curve: "secp256k1" });
}

/** Between 1 and the order, exclusive; big-endian. */
function inRange(number: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) {
    const byte = number[i] as number;
    const limit = order[i] as number;
    if (byte !== limit) return byte < limit && number.some((b) => b !== 0);
  }
  return false;
}
