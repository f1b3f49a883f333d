/** An unsigned varint that was read. */
export interface Uint64 {
  readonly value: bigint;
  /** Offset of the byte after it. */
  readonly end: number;
}

/**
 * Reads an unsigned varint as the crate of that name does: at most ten groups, the last not zero; what the tenth has past
 * 64 bits is dropped, where Go refuses it.
 *
 * @returns `undefined` for bytes that are cut, longer than need be or too long
 * @see unsigned-varint:src/decode.rs
 */
export function readUint64(bytes: Uint8Array, offset: number): Uint64 | undefined {
  let low = 0; // four groups fit a small integer
  for (let i = 0; i < 4; i++) {
    const byte = bytes[offset + i];
    if (byte === undefined) return undefined;
    low |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return byte === 0 && i > 0 ? undefined : { value: BigInt(low), end: offset + i + 1 };
  }
  let value = BigInt(low);
  for (let i = 4; i < 10; i++) {
    const byte = bytes[offset + i];
    if (byte === undefined) return undefined;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return byte === 0 ? undefined : { value: BigInt.asUintN(64, value), end: offset + i + 1 };
  }
  return undefined;
}
