import { CopseError } from "./errors.ts";

/** Facts of each code the varint functions throw. */
export type VarintFacts = {
  "varint/cut": { offset: number; length: number };
  "varint/too-large": { offset: number; limit: bigint };
  "varint/not-minimal": { offset: number };
  "varint/negative": { value: bigint };
};

/** Bytes that are not an unsigned varint, or a number that has none. */
export class VarintError<Code extends keyof VarintFacts = keyof VarintFacts> extends CopseError<
  Code,
  VarintFacts[Code]
> {
  override readonly name = "VarintError";
}

/** The largest value of multiformats' unsigned varint as Go and Rust read it: 64 bits. */
export const maxUvarint: bigint = 2n ** 64n - 1n;

/**
 * Writes an unsigned LEB128 varint.
 *
 * Size: 1 to 10 B. Bound: {@link maxUvarint}.
 *
 * @throws {VarintError} `varint/negative`, `varint/too-large`
 * @see multiformats/unsigned-varint
 * @example
 * encodeUvarint(300) // => Uint8Array.of(0xac, 0x02)
 */
export function encodeUvarint(value: number | bigint): Uint8Array {
  let rest = BigInt(value);
  if (rest < 0n) throw new VarintError("varint/negative", `${rest} has no unsigned varint`, { value: rest });
  if (rest > maxUvarint) throw tooLarge(0);
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/**
 * Reads an unsigned varint at `offset`.
 *
 * Bound: 64 bits, minimal form only.
 *
 * @returns the value, and the offset of the byte after it
 * @throws {VarintError} `varint/cut`, `varint/too-large`, `varint/not-minimal`
 * @see multiformats/unsigned-varint
 * @example
 * readUvarint(Uint8Array.of(0xac, 0x02)) // => { value: 300n, end: 2 }
 */
export function readUvarint(bytes: Uint8Array, offset = 0): { value: bigint; end: number } {
  let low = 0; // the first four groups fit a small integer; the rest needs a bigint
  for (let i = 0; i < 4; i++) {
    const byte = bytes[offset + i];
    if (byte === undefined) throw cut(bytes, offset);
    low |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return { value: BigInt(minimal(low, byte, i, offset)), end: offset + i + 1 };
  }
  let value = BigInt(low);
  for (let i = 4; i < 10; i++) {
    const byte = bytes[offset + i];
    if (byte === undefined) throw cut(bytes, offset);
    if (i === 9 && byte > 1) throw tooLarge(offset);
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) {
      minimal(0, byte, i, offset);
      return { value, end: offset + i + 1 };
    }
  }
  throw tooLarge(offset);
}

function minimal(value: number, last: number, index: number, offset: number): number {
  if (last === 0 && index > 0) {
    throw new VarintError("varint/not-minimal", `varint at byte ${offset} has a needless last group`, { offset });
  }
  return value;
}

function cut(bytes: Uint8Array, offset: number): VarintError {
  return new VarintError("varint/cut", `varint at byte ${offset} runs past the end (${bytes.length} B)`, {
    offset,
    length: bytes.length,
  });
}

function tooLarge(offset: number): VarintError {
  return new VarintError("varint/too-large", `varint at byte ${offset} is larger than 64 bits`, {
    offset,
    limit: maxUvarint,
  });
}
