import type { CryptoEngine } from "./engine.ts";
import { kernelHashes } from "./kernels/kernel-hashes.ts";
import { nobleHashes } from "./noble-hashes.ts";

/** The hashes of an engine. */
export type Hashes = Pick<CryptoEngine, "blake2b" | "sha256" | "keccak256">;

const kernels = kernelHashes();
/** Who answers for blake2b and SHA2-256 until an engine is installed. */
export const firstHashes: "wasm" | "noble" = kernels === undefined ? "noble" : "wasm";

// Apart from the curves, so that who only hashes carries no curves. One object that is only ever replaced as a whole: a
// call reads one consistent engine, and the hot path is one field.
let hashes: Hashes = { ...nobleHashes, ...kernels };

/** The hashes that calls go to now. */
export function currentHashes(): Hashes {
  return hashes;
}

/** Replaces them. */
export function setHashes(next: Hashes): void {
  hashes = next;
}
