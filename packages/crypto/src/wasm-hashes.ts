import type { CryptoEngine } from "./engine.ts";
import { engineMissing } from "./errors.ts";
import { kernelHashes } from "./kernels/kernel-hashes.ts";

/**
 * Hashes in Wasm: blake2b and SHA2-256 by the kernels of this package, Keccak-256 by `hash-wasm` where that is installed.
 *
 * @throws {CryptoError} `crypto/engine-missing` where no Wasm may be compiled
 */
export async function loadWasmHashes(): Promise<
  Pick<CryptoEngine, "blake2b" | "sha256"> & Partial<Pick<CryptoEngine, "keccak256">>
> {
  const kernels = kernelHashes();
  if (kernels === undefined) throw engineMissing("wasm", undefined);
  try {
    const { createKeccak } = await import("hash-wasm");
    const keccak = await createKeccak(256);
    return { ...kernels, keccak256: (bytes) => keccak.init().update(bytes).digest("binary") };
  } catch {
    return kernels;
  }
}
