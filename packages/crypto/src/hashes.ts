import { currentHashes } from "./current-hashes.ts";
import { CryptoError } from "./errors.ts";

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
