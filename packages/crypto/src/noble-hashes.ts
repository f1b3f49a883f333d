import { blake2b } from "@noble/hashes/blake2.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import type { CryptoEngine } from "./engine.ts";

/** The hashes of @noble/hashes: pure JavaScript, everywhere. */
export const nobleHashes: Pick<CryptoEngine, "blake2b" | "sha256" | "keccak256"> = {
  blake2b: (bytes, size) => blake2b(bytes, { dkLen: size }),
  sha256: (bytes) => sha256(bytes),
  keccak256: (bytes) => keccak_256(bytes),
};
