import { ripemd160 as ripemd } from "@noble/hashes/legacy.js";

/**
 * RIPEMD-160, which actors ask for on behalf of EVM contracts. Size: 20 B. No part of an engine: nothing else hashes by it.
 *
 * @example
 * ripemd160(new Uint8Array(0)).length // => 20
 */
export function ripemd160(bytes: Uint8Array): Uint8Array {
  return ripemd(bytes);
}
