import type { Secp256k1Curve } from "./engine.ts";
import { engineMissing } from "./errors.ts";
import { nobleSecp256k1 } from "./noble-secp256k1.ts";

/**
 * libsecp256k1 as Wasm, from `ox`.
 *
 * @throws {CryptoError} `crypto/engine-missing` where the package is not installed or Wasm is not allowed
 */
export async function loadWasmSecp256k1(): Promise<Secp256k1Curve> {
  try {
    const { engine } = await import("ox/wasm/Secp256k1");
    const wasm = await engine();
    return {
      publicKey: (privateKey) => wasm.getPublicKey(privateKey),
      sign: (digest, privateKey) => rotate(wasm.sign(digest, privateKey, { prehash: false, extraEntropy: false }), 1),
      recover(digest, signature) {
        // ox knows v 0 and 1; 2 and 3 (r past the order) are as good as never seen, but anyone can make one
        if ((signature[64] as number) > 1) return nobleSecp256k1.recover(digest, signature);
        try {
          return wasm.recoverPublicKey(rotate(signature, 64), digest);
        } catch {
          return undefined; // no point at r, or the key is infinity
        }
      },
    };
  } catch (error) {
    throw engineMissing("ox", error);
  }
}

/** Moves v between the front, where ox has it, and the end, where the chain has it. */
function rotate(signature: Uint8Array, by: number): Uint8Array {
  const turned = new Uint8Array(65);
  turned.set(signature.subarray(by));
  turned.set(signature.subarray(0, by), 65 - by);
  return turned;
}
