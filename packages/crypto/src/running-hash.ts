import { blake2b } from "@noble/hashes/blake2.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { CryptoError } from "./errors.ts";
import { startKernel } from "./kernels/kernel-hashes.ts";

/** A hash of bytes that come in parts. Many may run at a time. */
export interface RunningHash {
  /** Takes the next bytes, which may change afterwards. */
  update(bytes: Uint8Array): void;
  /** The digest of what has come so far; more may follow. */
  digest(): Uint8Array;
}

/**
 * blake2b of bytes that come in parts, by the kernel of this package whatever engine is installed (by noble where no Wasm
 * may be compiled).
 *
 * Size: 1 to 64 B, default 32.
 *
 * @throws {CryptoError} `crypto/hash-size-out-of-range`
 * @see RFC 7693
 * @example
 * const hash = createBlake2b();
 * for await (const part of parts) hash.update(part);
 * hash.digest().length // => 32
 */
export function createBlake2b(size = 32): RunningHash {
  if (!(Number.isInteger(size) && size >= 1 && size <= 64)) {
    throw new CryptoError("crypto/hash-size-out-of-range", { size });
  }
  return startKernel("blake2b", size) ?? byNoble(blake2b.create({ dkLen: size }));
}

/**
 * SHA2-256 of bytes that come in parts, as {@link createBlake2b}.
 *
 * @see FIPS 180-4
 * @example
 * const hash = createSha256();
 * for await (const part of parts) hash.update(part);
 * hash.digest().length // => 32
 */
export function createSha256(): RunningHash {
  return startKernel("sha256", 32) ?? byNoble(sha256.create());
}

/**
 * Keccak-256, as Ethereum uses it, of bytes that come in parts; always by noble.
 *
 * @example
 * const hash = createKeccak256();
 * for await (const part of parts) hash.update(part);
 * hash.digest().length // => 32
 */
export function createKeccak256(): RunningHash {
  return byNoble(keccak_256.create());
}

interface NobleHash {
  update(bytes: Uint8Array): unknown;
  clone(): { digest(): Uint8Array };
}

function byNoble(hash: NobleHash): RunningHash {
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.clone().digest() };
}
