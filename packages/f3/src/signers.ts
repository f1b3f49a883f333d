import { type BitField, fromBits, fromBytes, toBytes } from "@copse/ipld/bitfield";
import { isCopseError } from "@copse/primitives";
import { F3Error } from "./errors.ts";

/**
 * Reads a certificate's signers, exactly as strictly as go-bitfield does. Bound: runs, not bits: a few bytes may name 2^60.
 *
 * @throws {F3Error} `f3/signers-malformed`
 */
export function readSigners(bytes: Uint8Array, instance: number | undefined): BitField {
  try {
    return fromBytes(bytes, "go");
  } catch (error) {
    if (!isCopseError(error, "bitfield/")) throw error;
    throw new F3Error("f3/signers-malformed", { instance, why: error.message }, { cause: error });
  }
}

/**
 * The indexes that a certificate's signers are, rising: places in the table of its instance.
 *
 * Bound: `members` indexes; the first past them is refused before it is made.
 *
 * @throws {F3Error} `f3/signers-malformed`, `f3/signer-unknown`
 * @example
 * decodeSigners(Uint8Array.of(0x3c), 3) // => [0, 2]
 */
export function decodeSigners(bytes: Uint8Array, members: number, instance?: number): number[] {
  const { edges } = readSigners(bytes, instance);
  const signers: number[] = [];
  for (let i = 0; i < edges.length; i += 2) {
    const [start, end] = [Number(edges[i]), Number(edges[i + 1])];
    if (end > members) throw new F3Error("f3/signer-unknown", { instance, signer: Math.max(start, members), members });
    for (let signer = start; signer < end; signer++) signers.push(signer);
  }
  return signers;
}

/**
 * Signers in the form of a certificate: RLE+ bytes.
 *
 * @throws {BitFieldError} `bitfield/bit-out-of-range`
 * @example
 * encodeSigners([0, 2]) // => Uint8Array.of(0x3c)
 */
export function encodeSigners(signers: Iterable<number>): Uint8Array {
  return toBytes(fromBits(signers));
}
