import { secp256k1 } from "@noble/curves/secp256k1.js";
import type { Secp256k1Curve } from "./engine.ts";

/** secp256k1 of @noble/curves: pure JavaScript, everywhere. Its recoverable form puts v first, the chain's last. */
export const nobleSecp256k1: Secp256k1Curve = {
  publicKey: (privateKey) => secp256k1.getPublicKey(privateKey, false),
  sign(digest, privateKey) {
    const made = secp256k1.sign(digest, privateKey, { prehash: false, lowS: true, format: "recovered" });
    return rotate(made, 1);
  },
  recover(digest, signature) {
    try {
      const compressed = secp256k1.recoverPublicKey(rotate(signature, 64), digest, { prehash: false });
      return secp256k1.Point.fromBytes(compressed).toBytes(false);
    } catch {
      return undefined; // r or s out of range, no point at r, or the key is infinity
    }
  },
};

function rotate(signature: Uint8Array, by: number): Uint8Array {
  const turned = new Uint8Array(65);
  turned.set(signature.subarray(by));
  turned.set(signature.subarray(0, by), 65 - by);
  return turned;
}
