import type { CryptoEngine } from "./engine.ts";
import { engineMissing } from "./errors.ts";
import { nobleHashes } from "./noble-hashes.ts";

/**
 * The hashes of hash-wasm: one instance a digest size, made once and used again by every call, synchronously.
 *
 * Sizes the chain uses (32, 20, 4, 64) run in Wasm; the others, which nothing here asks for, stay with noble.
 *
 * @throws {CryptoError} `crypto/engine-missing` where the package is not installed or Wasm is not allowed
 */
export async function loadWasmHashes(): Promise<Pick<CryptoEngine, "blake2b" | "sha256" | "keccak256">> {
  try {
    const { createBLAKE2b, createKeccak, createSHA256 } = await import("hash-wasm");
    const [blake256, blake160, blake32, blake512, sha, keccak] = await Promise.all([
      createBLAKE2b(256),
      createBLAKE2b(160),
      createBLAKE2b(32),
      createBLAKE2b(512),
      createSHA256(),
      createKeccak(256),
    ]);
    return {
      blake2b(bytes, size) {
        if (size === 32) return blake256.init().update(bytes).digest("binary"); // the hot path: every block of the chain
        if (size === 20) return blake160.init().update(bytes).digest("binary");
        if (size === 4) return blake32.init().update(bytes).digest("binary");
        if (size === 64) return blake512.init().update(bytes).digest("binary");
        return nobleHashes.blake2b(bytes, size);
      },
      sha256: (bytes) => sha.init().update(bytes).digest("binary"),
      keccak256: (bytes) => keccak.init().update(bytes).digest("binary"),
    };
  } catch (error) {
    throw engineMissing("hash-wasm", error);
  }
}
