import { concatBytes } from "@copse/primitives";
import { TypesError } from "../errors.ts";

/** A value of RLP, Ethereum's serialization: bytes, or a list of values. */
export type RlpValue = Uint8Array | readonly RlpValue[];

/** Items of a list, at most: what the largest transaction has. @see lotus:chain/types/ethtypes/rlp.go */
export const maxRlpItems: number = 12;
/** Lists within lists, at most. */
export const maxRlpDepth: number = 32;
/** Bytes of a whole, at most. */
export const maxRlpLength: number = 2 << 20;

/**
 * Writes a value as RLP.
 *
 * @example
 * encodeRlp([Uint8Array.of(1), new Uint8Array(0)]) // => Uint8Array.of(0xc2, 0x01, 0x80)
 */
export function encodeRlp(value: RlpValue): Uint8Array {
  if (value instanceof Uint8Array) {
    return value.length === 1 && (value[0] as number) < 0x80 ? value.slice() : withHead(0x80, value);
  }
  return withHead(0xc0, concatBytes(...value.map(encodeRlp)));
}

function withHead(base: number, content: Uint8Array): Uint8Array {
  if (content.length < 56) return concatBytes(Uint8Array.of(base + content.length), content);
  const length: number[] = [];
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256);
  return concatBytes(Uint8Array.of(base + 55 + length.length, ...length), content);
}

/**
 * Reads one value of canonical RLP; nothing may follow it. As strict as Lotus, limits included.
 *
 * Cost: byte strings are views of `bytes`.
 *
 * @throws {TypesError} `eth/rlp-malformed`
 * @see lotus:chain/types/ethtypes/rlp.go
 * @example
 * decodeRlp(Uint8Array.of(0xc2, 0x01, 0x80)) // => [Uint8Array.of(1), new Uint8Array(0)]
 */
export function decodeRlp(bytes: Uint8Array): RlpValue {
  if (bytes.length > maxRlpLength) throw malformed(0, `${bytes.length} B, limit ${maxRlpLength} B`);
  const { value, end } = readValue(bytes, 0, bytes.length, 0);
  if (end !== bytes.length) throw malformed(end, `${bytes.length - end} B follow`);
  return value;
}

function readValue(bytes: Uint8Array, at: number, limit: number, depth: number): { value: RlpValue; end: number } {
  if (depth > maxRlpDepth) throw malformed(at, `lists nested deeper than ${maxRlpDepth}`);
  if (at >= limit) throw malformed(at, "a value is missing");
  const head = bytes[at] as number;
  if (head < 0x80) return { value: bytes.subarray(at, at + 1), end: at + 1 };
  const isList = head >= 0xc0;
  const { start, end } = extent(bytes, at, limit, head - (isList ? 0xc0 : 0x80));
  if (isList) return { value: readItems(bytes, start, end, depth + 1), end };
  if (end - start === 1 && (bytes[start] as number) < 0x80) throw malformed(at, "a byte below 128 has no head");
  return { value: bytes.subarray(start, end), end };
}

/** Where the content of a string or list lies; `size` is what the head says: up to 55 the length, past it its size. */
function extent(bytes: Uint8Array, at: number, limit: number, size: number): { start: number; end: number } {
  const lengthBytes = Math.max(0, size - 55);
  const start = at + 1 + lengthBytes;
  if (start > limit) throw malformed(at, "its length is cut");
  let length = size;
  if (lengthBytes > 0) {
    if (bytes[at + 1] === 0) throw malformed(at, "its length has leading zeros");
    length = bytes.subarray(at + 1, start).reduce((sum, byte) => sum * 256 + byte, 0); // past 2^53: past the limit too
    if (length < 56) throw malformed(at, "its length has a shorter form");
  }
  if (start + length > limit) throw malformed(at, `${length} B are claimed, ${limit - start} B are there`);
  return { start, end: start + length };
}

function readItems(bytes: Uint8Array, start: number, end: number, depth: number): RlpValue[] {
  const items: RlpValue[] = [];
  for (let at = start; at < end; ) {
    if (items.length === maxRlpItems) throw malformed(at, `more than ${maxRlpItems} items in a list`);
    const item = readValue(bytes, at, end, depth);
    items.push(item.value);
    at = item.end;
  }
  return items;
}

function malformed(offset: number, reason: string): TypesError {
  return new TypesError("eth/rlp-malformed", { offset, reason });
}
