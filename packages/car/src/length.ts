import { CarError } from "./errors.ts";

/**
 * The length at `at`: a shortest unsigned varint of at most 2^53 - 1.
 *
 * @returns `undefined` where the bytes end inside it
 * @throws {CarError} `car/length-malformed`
 */
export function readLength(bytes: Uint8Array, at: number, base: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let i = 0, scale = 1; i < 8; i++, scale *= 128) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * scale;
    if (byte >= 0x80) continue;
    if (byte === 0 && i > 0) throw malformed(base + at, "it is not the shortest form");
    if (value > Number.MAX_SAFE_INTEGER) break;
    return { value, end: at + i + 1 };
  }
  throw malformed(base + at, "it is larger than any file");
}

function malformed(offset: number, why: string): CarError {
  return new CarError("car/length-malformed", { offset, why });
}
