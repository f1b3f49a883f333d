import { loadPointReaders, nativeEngine } from "#native";
import { engineNames, useEngine } from "./current-engine.ts";
import type { EngineParts } from "./engine.ts";
import { wasmEngine } from "./wasm.ts";

/** Up to here our kernel is the faster SHA2-256, from here on `node:crypto` (bench/README.md). Unit: B. */
const nativeFrom = 192;

/**
 * Installs the fastest engine that loads for each part: Wasm for blake2b, Keccak-256 and BLS12-381, native secp256k1
 * before its Wasm, SHA2-256 by length; points of BLS12-381 are read natively where `@chainsafe/blst` loads. What does not
 * load stays with noble. Call it once, at start-up.
 *
 * @returns what is now in use, one line a part: `"blake2b: wasm"`
 * @example
 * await installFastest();
 */
export async function installFastest(): Promise<string[]> {
  const wasm = await wasmEngine(await loadPointReaders()).catch((): EngineParts => ({ name: "wasm" }));
  const native = await nativeEngine();
  useEngine(native);
  useEngine(native.secp256k1 === undefined ? wasm : withoutSecp256k1(wasm));
  const [short, long] = [wasm.sha256, native.sha256];
  if (short !== undefined && long !== undefined) {
    useEngine({
      name: "wasm+native",
      sha256: (bytes) => (bytes.length < nativeFrom ? short(bytes) : long(bytes)),
    });
  }
  return Object.entries(engineNames()).map(([part, name]) => `${part}: ${name}`);
}

function withoutSecp256k1({ secp256k1: _, ...parts }: EngineParts): EngineParts {
  return parts;
}
