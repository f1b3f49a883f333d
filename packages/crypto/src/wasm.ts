import type { EngineParts } from "./engine.ts";
import { type CryptoError, engineMissing } from "./errors.ts";
import type { PointReaders } from "./point-readers.ts";
import { loadWasmBls } from "./wasm-bls.ts";
import { loadWasmHashes } from "./wasm-hashes.ts";
import { loadWasmSecp256k1 } from "./wasm-secp256k1.ts";

export type { PointReaders } from "./point-readers.ts";
export { loadWasmBls } from "./wasm-bls.ts";
export { loadWasmHashes } from "./wasm-hashes.ts";
export { loadWasmSecp256k1 } from "./wasm-secp256k1.ts";

/**
 * What loads of the Wasm engines: blake2b and SHA2-256 (our own kernels), Keccak-256 (`hash-wasm`), secp256k1 (`ox`),
 * BLS12-381 (`mcl-wasm`). Works in Node and in browsers. The three packages are optional peers: install those you want.
 *
 * @param readers reads points for mcl-wasm where it is faster; what they make of the generators is compared first
 * @throws {CryptoError} `crypto/engine-missing` where none of them loads
 * @example
 * useEngine(await wasmEngine());
 */
export async function wasmEngine(readers?: PointReaders): Promise<EngineParts> {
  const [hashes, secp256k1, bls] = await Promise.allSettled([
    loadWasmHashes(),
    loadWasmSecp256k1(),
    loadWasmBls(readers),
  ]);
  if (hashes.status === "rejected" && secp256k1.status === "rejected" && bls.status === "rejected") {
    throw engineMissing("wasm", hashes.reason as CryptoError);
  }
  return {
    name: "wasm",
    ...(hashes.status === "fulfilled" ? hashes.value : {}),
    ...(secp256k1.status === "fulfilled" ? { secp256k1: secp256k1.value } : {}),
    ...(bls.status === "fulfilled" ? { bls: bls.value } : {}),
  };
}
