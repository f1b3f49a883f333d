import { CborReader } from "./cbor-reader.ts";
import { CborWriter } from "./cbor-writer.ts";
import type { CidBytes } from "./cid.ts";

/** How one type stands in canonical CBOR. Lists and structs are codecs made of codecs. */
export interface Codec<T> {
  /** Appends the value. */
  encode(writer: CborWriter, value: T): void;
  /** Reads one value; leaves the reader behind it. What it returns must not depend on the reader's bytes staying as they are, unless its doc says `view`. */
  decode(reader: CborReader): T;
}

/**
 * The canonical bytes of a value.
 *
 * @example
 * encode({ encode: (w, n: number) => void w.uint(n), decode: (r) => r.safeUint() }, 7) // => Uint8Array.of(7)
 */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new CborWriter();
  codec.encode(writer, value);
  return writer.finish();
}

/**
 * The value of canonical bytes; bytes after it are refused.
 *
 * @throws {CborError} what the codec throws, and `cbor/trailing-bytes`
 * @example
 * decode({ encode: (w, n: number) => void w.uint(n), decode: (r) => r.safeUint() }, Uint8Array.of(7)) // => 7
 */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new CborReader(bytes);
  const value = codec.decode(reader);
  reader.end();
  return value;
}

/** A link as a value: the CID's own bytes. */
export const linkCodec: Codec<CidBytes> = {
  encode: (writer, cid) => void writer.link(cid),
  decode: (reader) => reader.link().slice(),
};

/** Bytes as a value, at most 2 MiB. */
export const bytesCodec: Codec<Uint8Array> = {
  encode: (writer, bytes) => void writer.bytes(bytes),
  decode: (reader) => reader.bytes().slice(),
};
