import { currentHashes, firstHashes, setHashes } from "./current-hashes.ts";
import type { CryptoEngine, EngineParts } from "./engine.ts";
import { nobleBls } from "./noble-bls.ts";
import { nobleHashes } from "./noble-hashes.ts";
import { nobleSecp256k1 } from "./noble-secp256k1.ts";

/** Pure JavaScript for everything, from @noble/hashes and @noble/curves. */
export const nobleEngine: CryptoEngine & EngineParts = {
  name: "noble",
  ...nobleHashes,
  secp256k1: nobleSecp256k1,
  bls: nobleBls,
};

/** The names of the engines behind each part. */
export type EngineNames = { readonly [Part in keyof CryptoEngine]: string };

// What runs until another engine is installed: noble, but for the two hashes that this package has kernels of.
let engine: CryptoEngine = { ...nobleEngine, ...currentHashes() };
let names: EngineNames = {
  blake2b: firstHashes,
  sha256: firstHashes,
  keccak256: "noble",
  secp256k1: "noble",
  bls: "noble",
};

/**
 * Replaces the parts that `parts` supplies; the others stay. Do this once at start-up: results are the same with every
 * engine, speed is not.
 *
 * @example
 * useEngine(nobleEngine);
 */
export function useEngine(parts: EngineParts): void {
  const next: { -readonly [Part in keyof CryptoEngine]: CryptoEngine[Part] } = { ...engine };
  const called: { -readonly [Part in keyof EngineNames]: string } = { ...names };
  if (parts.blake2b !== undefined) {
    next.blake2b = parts.blake2b;
    called.blake2b = parts.name;
  }
  if (parts.sha256 !== undefined) {
    next.sha256 = parts.sha256;
    called.sha256 = parts.name;
  }
  if (parts.keccak256 !== undefined) {
    next.keccak256 = parts.keccak256;
    called.keccak256 = parts.name;
  }
  if (parts.secp256k1 !== undefined) {
    next.secp256k1 = parts.secp256k1;
    called.secp256k1 = parts.name;
  }
  if (parts.bls !== undefined) {
    next.bls = parts.bls;
    called.bls = parts.name;
  }
  engine = next;
  setHashes({ blake2b: next.blake2b, sha256: next.sha256, keccak256: next.keccak256 });
  names = called;
}

/** The engine that calls go to now. */
export function currentEngine(): CryptoEngine {
  return engine;
}

/**
 * Which engine answers for each part now.
 *
 * @example
 * engineNames().bls // => "noble"
 */
export function engineNames(): EngineNames {
  return names;
}
