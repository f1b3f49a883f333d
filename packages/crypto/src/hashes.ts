import { currentHashes } from "./current-hashes.ts";
import { CryptoError } from "./errors.ts";
import { kernelHashes, kernelMatchesBlake2b256 } from "./kernels/kernel-hashes.ts";

/**
 * blake2b with a digest of any size: the hash function of the chain.
 *
 * Size: 1 to 64 B, default 32.
 *
 * @throws {CryptoError} `crypto/hash-size-out-of-range`
 * @see RFC 7693
 * @example
 * blake2b(Uint8Array.of(1), 20).length // => 20
 */
export function blake2b(bytes: Uint8Array, size = 32): Uint8Array {
  if (!(Number.isInteger(size) && size >= 1 && size <= 64)) {
    throw new CryptoError("crypto/hash-size-out-of-range", { size });
  }
  return currentHashes().blake2b(bytes, size);
}

/**
 * The digest in almost every CID of the chain (multihash 0xb220). Size: 32 B.
 *
 * @example
 * blake2b256(new Uint8Array(0)).length // => 32
 */
export function blake2b256(bytes: Uint8Array): Uint8Array {
  return currentHashes().blake2b(bytes, 32);
}

/**
 * Whether bytes have a digest: the check of a block, without a digest being made where the kernel of this package hashes.
 *
 * @param digest what holds the 32 bytes of the digest: itself, or a CID
 * @param at where in it they begin
 * @example
 * isBlake2b256(block, cid, 6) // => true, of a CID of the chain
 */
export function isBlake2b256(bytes: Uint8Array, digest: Uint8Array, at = 0): boolean {
  if (!(at >= 0 && digest.length - at >= 32)) return false;
  const { blake2b } = currentHashes();
  if (blake2b === kernelHashes()?.blake2b) return kernelMatchesBlake2b256(bytes, digest, at);
  const made = blake2b(bytes, 32);
  for (let i = 0; i < 32; i++) if (made[i] !== digest[at + i]) return false;
  return true;
}

/**
 * The payload of f1 and f2 addresses. Size: 20 B.
 *
 * @example
 * blake2b160(secp256k1.publicKey(privateKey)).length // => 20
 */
export function blake2b160(bytes: Uint8Array): Uint8Array {
  return currentHashes().blake2b(bytes, 20);
}

/**
 * The checksum of an address in text. Size: 4 B.
 *
 * @example
 * blake2b32(addressBytes).length // => 4
 */
export function blake2b32(bytes: Uint8Array): Uint8Array {
  return currentHashes().blake2b(bytes, 4);
}

/**
 * SHA2-256: drand's messages, old CIDs, HAMT keys. Size: 32 B.
 *
 * @example
 * sha256(key).length // => 32
 */
export function sha256(bytes: Uint8Array): Uint8Array {
  return currentHashes().sha256(bytes);
}

/**
 * Keccak-256 as Ethereum uses it: delegated signatures, eth addresses. Size: 32 B.
 *
 * @example
 * keccak256(secp256k1.publicKey(privateKey).subarray(1)).subarray(12) // the eth address of a key
 */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return currentHashes().keccak256(bytes);
}
