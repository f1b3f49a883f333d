import type { CborReader, CborWriter, Codec } from "@copse/ipld";
import { TypesError } from "./errors.ts";

/** 1 secp256k1, 2 BLS, 3 delegated (eth transactions). */
export type SignatureType = 1 | 2 | 3;

/** The signature types by name. */
export const signatureTypes: { readonly secp256k1: 1; readonly bls: 2; readonly delegated: 3 } = {
  secp256k1: 1,
  bls: 2,
  delegated: 3,
};

/**
 * A signature and its kind.
 *
 * Shape: one byte string, a type byte then the data. Size: 1 to 200 B in all; its usual data is 65 B for secp256k1 and
 * delegated, 96 B for BLS. Other lengths decode, as in Go and Rust, and never verify.
 *
 * @see go-state-types:crypto/signature.go
 */
export interface Signature {
  readonly type: SignatureType;
  readonly data: Uint8Array;
}

/** Bytes of a signature with its type byte, at most: Go's limit. Rust has none of its own. */
export const maxSignatureLength: number = 200;

/** A view of the reader's bytes. */
export function readSignature(reader: CborReader): Signature {
  return viewSignature(reader.bytes(maxSignatureLength));
}

function viewSignature(bytes: Uint8Array): Signature {
  const type = bytes[0] ?? 0;
  if (type !== 1 && type !== 2 && type !== 3) throw new TypesError("signature/type-unknown", { type });
  return { type, data: bytes.subarray(1) };
}

/** Appends a signature. */
export function writeSignature(writer: CborWriter, { type, data }: Signature): void {
  if (data.length >= maxSignatureLength) throw tooLong(type, data.length);
  writer.bytes(data, type);
}

function tooLong(type: number, length: number): TypesError {
  return new TypesError("signature/length-wrong", { type, length, limit: maxSignatureLength - 1 });
}

/**
 * The type byte followed by the data.
 *
 * @throws {TypesError} `signature/length-wrong`
 * @example
 * signatureBytes({ type: 2, data: Uint8Array.of(7) }) // => Uint8Array.of(2, 7)
 */
export function signatureBytes(signature: Signature): Uint8Array {
  const bytes = new Uint8Array(signature.data.length + 1);
  if (bytes.length > maxSignatureLength) throw tooLong(signature.type, signature.data.length);
  bytes[0] = signature.type;
  bytes.set(signature.data, 1);
  return bytes;
}

/**
 * Reads the type byte and data of {@link signatureBytes}. Cost: one copy.
 *
 * @throws {TypesError} `signature/type-unknown`, `signature/length-wrong`
 * @example
 * parseSignature(Uint8Array.of(2, 7)) // => { type: 2, data: Uint8Array.of(7) }
 */
export function parseSignature(bytes: Uint8Array): Signature {
  if (bytes.length > maxSignatureLength) throw tooLong(bytes[0] ?? 0, bytes.length - 1);
  return viewSignature(bytes.slice());
}

/** Signatures in CBOR. */
export const signatureCodec: Codec<Signature> = {
  encode: writeSignature,
  decode: (reader) => viewSignature(reader.bytes(maxSignatureLength).slice()),
};
