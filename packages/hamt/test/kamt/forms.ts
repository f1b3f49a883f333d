import type { Codec } from "@copse/ipld";
import { bytesCodec } from "@copse/ipld";
import { fromHex } from "@copse/primitives";
import type { KamtKeys, KamtOptions } from "../../src/kamt/index.ts";

/** Keys of 32 bytes, as they are. */
export const bytesKeys: KamtKeys<Uint8Array> = { ...bytesCodec, hash: (key) => key };

/** Numbers whose order within a bucket is not that of their bits: the reference's own tests take such keys. */
export const littleEndianKeys: KamtKeys<number> = {
  encode: (writer, key) => void writer.uint(key),
  decode: (reader) => reader.safeUint(),
  hash: (key) => {
    const hash = new Uint8Array(32);
    new DataView(hash.buffer).setUint32(0, key, true);
    return hash;
  },
  compare: (a, b) => a - b,
};

export const numberCodec: Codec<number> = {
  encode: (writer, value) => void writer.uint(value),
  decode: (reader) => reader.safeUint(),
};

/** The same key for a number in every form; near numbers share most of their bits. */
export function bytesKey(n: number): Uint8Array {
  const tail = (n * 37).toString(16).padStart(8, "0");
  if (n % 4 === 0) return fromHex(tail.padStart(64, "0"));
  if (n % 4 === 1) return fromHex(tail.padEnd(64, "a"));
  if (n % 4 === 2) return fromHex(`${tail.slice(6)}${"5c".repeat(27)}${tail}`);
  return fromHex(`ff${tail.slice(4)}${"00".repeat(25)}${tail}`);
}

/** Forms that differ in each option, over keys of bytes. */
export const byteForms: readonly KamtOptions<Uint8Array>[] = [
  { keys: bytesKeys, bitWidth: 1 },
  { keys: bytesKeys, bitWidth: 2, maxArrayWidth: 1 },
  { keys: bytesKeys, bitWidth: 3, maxArrayWidth: 2, minDataDepth: 2 },
  { keys: bytesKeys, bitWidth: 4, minDataDepth: 1 },
  { keys: bytesKeys, bitWidth: 5, maxArrayWidth: 1 },
  { keys: bytesKeys, bitWidth: 5, maxArrayWidth: 5, minDataDepth: 3 },
  { keys: bytesKeys, bitWidth: 6 },
  { keys: bytesKeys, bitWidth: 7, maxArrayWidth: 4 },
  { keys: bytesKeys, bitWidth: 8 },
  { keys: bytesKeys, bitWidth: 8, minDataDepth: 1, maxArrayWidth: 2 },
];
