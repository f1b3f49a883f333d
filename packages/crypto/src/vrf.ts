import * as bls from "./bls.ts";

/**
 * Proves a draw of randomness: tickets and election proofs. Filecoin's VRF is a BLS signature, whose hash is the output.
 *
 * Size: 32 B little-endian key; 96 B proof.
 *
 * @throws {CryptoError} `crypto/length-wrong`, `crypto/private-key-out-of-range`
 * @example
 * vrfProve(new Uint8Array(32).fill(1), new Uint8Array(32)).length // => 96
 */
export function vrfProve(privateKey: Uint8Array, input: Uint8Array): Uint8Array {
  return bls.sign(input, privateKey);
}

/**
 * Tells whether `proof` is the one proof of `publicKey` (48 B) for `input`. Never throws.
 *
 * @example
 * vrfVerify(bls.publicKey(privateKey), drawn, vrfProve(privateKey, drawn)) // => true
 */
export function vrfVerify(publicKey: Uint8Array, input: Uint8Array, proof: Uint8Array): boolean {
  return bls.verify(proof, input, publicKey);
}
