import type { CborReader } from "@copse/ipld";
import { KamtError } from "./errors.ts";
import type { KamtKeys, KamtOptions } from "./layout.ts";

const size = 32;
const most = 2n ** 256n - 1n;

/**
 * A 256-bit unsigned integer as the EVM actor writes it: a storage slot, high bits first, and the word in it.
 *
 * Shape: big-endian bytes without leading zeros, which are read all the same. Size: at most 32 B. Unit: none.
 *
 * @throws {CborError} `cbor/too-long`
 * @throws {KamtError} `kamt/word-out-of-range` when one to be written is negative or wider
 * @see builtin-actors:actors/evm/shared/src/uints.rs
 * @example
 * encode(u256Codec, 0x4d2n) // => Uint8Array.of(0x42, 0x04, 0xd2)
 */
export const u256Codec: KamtKeys<bigint> = createU256Codec();

/**
 * The form of the KAMT in which the EVM actor keeps a contract's storage: slot to word, a zero word being no entry.
 *
 * @see builtin-actors:actors/evm/src/interpreter/system.rs `KAMT_CONFIG`
 * @example
 * const storage = runSync(loadKamt(contractState, u256Codec, evmStorage), store);
 */
export const evmStorage: KamtOptions<bigint> = {
  keys: u256Codec,
  bitWidth: 5,
  minDataDepth: 0,
  maxArrayWidth: 1,
};

/** The codec with the buffer it works in: an array, a view and a cut each would cost more than the rest of it. */
function createU256Codec(): KamtKeys<bigint> {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const tails = Array.from({ length: size + 1 }, (_, zeros) => bytes.subarray(zeros));

  /** Fills the buffer; gives the count of leading zeros. */
  const fill = (value: bigint): number => {
    if (value < 0n || value > most) throw new KamtError("kamt/word-out-of-range", { value });
    if (value <= 0xffffffffn) {
      view.setUint32(28, Number(value));
      bytes.fill(0, 0, 28);
      let zeros = 28;
      while (zeros < size && bytes[zeros] === 0) zeros++;
      return zeros;
    }
    view.setBigUint64(0, value >> 192n); // each takes the low 64 bits
    view.setBigUint64(8, value >> 128n);
    view.setBigUint64(16, value >> 64n);
    view.setBigUint64(24, value);
    let zeros = 0;
    while (bytes[zeros] === 0) zeros++;
    return zeros;
  };

  return {
    encode: (writer, value) => void writer.bytes(tails[fill(value)] as Uint8Array),
    decode(reader) {
      const length = skipHead(reader);
      const start = reader.offset - length;
      const { source } = reader;
      if (length <= 6) {
        let word = 0;
        for (let at = start; at < reader.offset; at++) word = word * 256 + (source[at] as number);
        return BigInt(word);
      }
      bytes.fill(0, 0, size - length);
      for (let i = 0; i < length; i++) bytes[size - length + i] = source[start + i] as number;
      let value = view.getBigUint64(24);
      if (length > 8) value |= view.getBigUint64(16) << 64n;
      if (length > 16) value |= ((view.getBigUint64(0) << 64n) | view.getBigUint64(8)) << 128n;
      return value;
    },
    check(reader) {
      const length = skipHead(reader);
      return length === 0 || reader.source[reader.offset - length] !== 0;
    },
    hash(key) {
      fill(key);
      return bytes.slice();
    },
    compare: (a, b) => (a === b ? 0 : a < b ? -1 : 1),
  };
}

/** Passes over a byte string of at most 32 bytes; gives its length. */
function skipHead(reader: CborReader): number {
  const { source, offset } = reader;
  const head = source[offset] as number;
  let length = head - 0x40;
  let start = offset + 1;
  if (head === 0x58) {
    length = source[offset + 1] as number;
    start++;
  }
  // the common forms are read here; the others, and what is refused, by the reader
  const isShort = head === 0x58 ? length >= 24 && length <= size : length >= 0 && length < 24;
  if (!isShort || start + length > source.length) return reader.bytes(size).length;
  reader.offset = start + length;
  return length;
}
