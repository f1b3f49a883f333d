import type { CborReader, CborWriter, Codec } from "@copse/ipld";
import { KamtError } from "./errors.ts";
import type { KamtKeys, KamtOptions } from "./layout.ts";

const size = 32;

/**
 * A 256-bit unsigned integer as the EVM actor writes it.
 *
 * Shape: big-endian bytes without leading zeros, which are read all the same. Size: at most 32 B. Unit: none.
 *
 * @throws {CborError} `cbor/too-long`
 * @throws {KamtError} `kamt/word-out-of-range` when one to be written is negative or wider
 * @see builtin-actors:actors/evm/shared/src/uints.rs
 * @example
 * encode(u256Codec, 0x4d2n) // => Uint8Array.of(0x42, 0x04, 0xd2)
 */
export const u256Codec: Codec<bigint> = {
  encode(writer: CborWriter, value: bigint): void {
    const bytes = bytesOfU256(value);
    let zeros = 0;
    while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
    writer.bytes(bytes.subarray(zeros));
  },
  decode(reader: CborReader): bigint {
    return u256OfBytes(reader.bytes(size));
  },
};

/** Keys of a contract's storage: slots by number, high bits first. */
export const u256Keys: KamtKeys<bigint> = {
  ...u256Codec,
  hash: bytesOfU256,
  compare: (a, b) => (a === b ? 0 : a < b ? -1 : 1),
};

/**
 * The form of the KAMT in which the EVM actor keeps a contract's storage: slot to word, a zero word being no entry.
 *
 * @see builtin-actors:actors/evm/src/interpreter/system.rs `KAMT_CONFIG`
 * @example
 * const storage = runSync(loadKamt(contractState, u256Codec, evmStorage), store);
 */
export const evmStorage: KamtOptions<bigint> = {
  keys: u256Keys,
  bitWidth: 5,
  minDataDepth: 0,
  maxArrayWidth: 1,
};

function bytesOfU256(value: bigint): Uint8Array {
  const bytes = new Uint8Array(size);
  if (value >= 0n && value <= 0xffffffffn) {
    const word = Number(value);
    bytes[size - 4] = word >>> 24;
    bytes[size - 3] = word >>> 16;
    bytes[size - 2] = word >>> 8;
    bytes[size - 1] = word;
    return bytes;
  }
  if (BigInt.asUintN(8 * size, value) !== value) throw new KamtError("kamt/word-out-of-range", { value });
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, value >> 192n); // each takes the low 64 bits
  view.setBigUint64(8, value >> 128n);
  view.setBigUint64(16, value >> 64n);
  view.setBigUint64(24, value);
  return bytes;
}

function u256OfBytes(bytes: Uint8Array): bigint {
  let value = 0n;
  let at = 0;
  let word = 0;
  for (let left = bytes.length % 6; left > 0; left--) word = word * 256 + (bytes[at++] as number);
  value = BigInt(word);
  while (at < bytes.length) {
    word = 0;
    for (let i = 0; i < 6; i++) word = word * 256 + (bytes[at++] as number); // six bytes a step stay exact in a number
    value = (value << 48n) | BigInt(word);
  }
  return value;
}
