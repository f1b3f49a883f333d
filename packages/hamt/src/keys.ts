import { encodeUvarint, readUvarint, toHex, utf8 } from "@copse/primitives";
import { HamtError } from "./errors.ts";

/** How keys of one type stand as bytes; one-to-one. */
export interface KeyCodec<K> {
  /** The key's bytes. They are read, not kept. */
  encode(key: K): Uint8Array;
  /** The key of bytes, which are the codec's own. */
  decode(bytes: Uint8Array): K;
}

/** The key codec of options, if they have one. */
export function keysOf<K>(options: object | { readonly keys: KeyCodec<K> }): KeyCodec<K> | undefined {
  return "keys" in options ? options.keys : undefined;
}

/** A key's bytes: those of the codec, or itself where there is none. */
export function bytesOfKey<K>(keys: KeyCodec<K> | undefined, key: K): Uint8Array {
  return keys === undefined ? (key as Uint8Array) : keys.encode(key);
}

/** A key of bytes that are given away. */
export function keyOfBytes<K>(keys: KeyCodec<K> | undefined, bytes: Uint8Array): K {
  return keys === undefined ? (bytes as K) : keys.decode(bytes);
}

const decoder: TextDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Keys that are text, in UTF-8. Others are refused: `hamt/key-malformed`. */
export const textKeys: KeyCodec<string> = {
  encode: utf8,
  decode: (bytes) => {
    try {
      return decoder.decode(bytes);
    } catch (error) {
      throw new HamtError("hamt/key-malformed", { key: toHex(bytes), expected: "UTF-8" }, { cause: error });
    }
  },
};

/**
 * Keys that are unsigned 64-bit numbers, as the actors write them: IDs, deals, allocations.
 *
 * Shape: unsigned LEB128, shortest form. Others are refused: `hamt/key-malformed`.
 *
 * @see go-state-types:abi/keys.go UIntKey
 */
export const uintKeys: KeyCodec<bigint> = { encode: encodeUvarint, decode: uintOf };

function uintOf(bytes: Uint8Array): bigint {
  try {
    const { value, end } = readUvarint(bytes);
    if (end === bytes.length) return value;
  } catch (error) {
    throw new HamtError("hamt/key-malformed", { key: toHex(bytes), expected: "a varint" }, { cause: error });
  }
  throw new HamtError("hamt/key-malformed", { key: toHex(bytes), expected: "a varint alone" });
}

/**
 * Keys that are signed 64-bit numbers, as the actors write them: epochs.
 *
 * Shape: zigzag (0, -1, 1, -2, …) as unsigned LEB128, shortest form. Others are refused: `hamt/key-malformed`.
 *
 * @see go-state-types:abi/keys.go IntKey
 */
export const intKeys: KeyCodec<bigint> = {
  encode: (key) => encodeUvarint(key < 0n ? -2n * key - 1n : 2n * key),
  decode: (bytes) => {
    const folded = uintOf(bytes);
    return (folded & 1n) === 0n ? folded >> 1n : -(folded >> 1n) - 1n;
  },
};
