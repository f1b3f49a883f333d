import { equalBytes } from "@copse/primitives";
import { verifyBeacon } from "./beacon.ts";
import * as bls from "./bls.ts";
import { blake2b160 } from "./hashes.ts";
import { recoverOrNothing } from "./secp256k1.ts";
import type { Secp256k1Check, SignatureCheck } from "./signature-check.ts";

/**
 * Checks one signature by itself. Never throws.
 *
 * @example
 * checkSignature({ kind: "bls", publicKey, message, signature }) // => true
 */
export function checkSignature(check: SignatureCheck): boolean {
  switch (check.kind) {
    case "bls":
      return bls.verify(check.signature, check.message, check.publicKey);
    case "bls-aggregate":
      return bls.verifyAggregate(check.signature, check.messages, check.publicKeys);
    case "beacon":
      return verifyBeacon(check, check, check.previous);
    case "secp256k1":
      return checkSecp256k1(check);
  }
}

/** @returns whether the signature recovers to the key and to the address it is checked against */
export function checkSecp256k1(check: Secp256k1Check): boolean {
  const key = recoverOrNothing(check.digest, check.signature);
  if (key === undefined) return false;
  if (check.publicKey !== undefined && !equalBytes(key, check.publicKey)) return false;
  return check.addressHash20 === undefined || equalBytes(blake2b160(key), check.addressHash20);
}
