/**
 * Writes a non-negative integer as big-endian bytes without leading zeros; 0 is the empty string. The sign is ignored:
 * chain forms keep it apart.
 *
 * @example
 * bigintToBytes(256n) // => Uint8Array.of(1, 0)
 */
export function bigintToBytes(value: bigint): Uint8Array {
  let rest = value < 0n ? -value : value;
  if (rest === 0n) return new Uint8Array(0);
  const digits = rest.toString(16);
  const bytes = new Uint8Array((digits.length + 1) >> 1);
  for (let at = bytes.length; at > 0; ) {
    const word = Number(rest & 0xffffffn); // three bytes a step keep to small integers
    for (let i = 0; i < 3 && at > 0; i++) bytes[--at] = (word >>> (8 * i)) & 0xff;
    rest >>= 24n;
  }
  return bytes;
}

/**
 * Reads big-endian bytes as a non-negative integer; leading zeros are allowed, the empty string is 0.
 *
 * Cost: linear for the sizes of the chain (up to some hundred bytes).
 *
 * @example
 * bytesToBigint(Uint8Array.of(1, 0)) // => 256n
 */
export function bytesToBigint(bytes: Uint8Array): bigint {
  let value = 0n;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    const word =
      (((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number)) >>>
      0;
    value = (value << 32n) | BigInt(word);
  }
  for (; at < bytes.length; at++) value = (value << 8n) | BigInt(bytes[at] as number);
  return value;
}

/**
 * Writes a 64-bit integer in eight big-endian bytes, two's complement: `u64BE` and `i64BE` of the specifications.
 *
 * @example
 * uint64BE(1n) // => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1)
 */
export function uint64BE(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)));
  return bytes;
}
