import { blake2b256 } from "@copse/crypto";
import type { CidBytes } from "@copse/ipld";
import { concatBytes, utf8 } from "@copse/primitives";

/**
 * How the file is laid out; a change of any of it changes this number.
 *
 * | table     | key                       | value                                                       |
 * | --------- | ------------------------- | ----------------------------------------------------------- |
 * | `blocks`  | sequence, 6 B big-endian  | length of the CID (2 B), CID, data                          |
 * | `journal` | first sequence of a batch | 8 B a block: prefix of its CID; a row is not yet in `index` |
 * | `index`   | prefix, 8 B               | sequences, 6 B each; nearly always one                      |
 * | `rows`    | name, 0, key              | value                                                       |
 * | `meta`    | `layout`, `next`          | this number; the next sequence                              |
 */
export const layoutVersion = 1;

/** Bytes of a sequence number: 2^48 blocks. */
export const sequenceBytes = 6;
/** Bytes of a prefix. */
export const prefixBytes = 8;

/** Keys of the table `meta`. */
export const metaKeys: { readonly layout: Uint8Array; readonly next: Uint8Array } = {
  layout: utf8("layout"),
  next: utf8("next"),
};

/** Writes a sequence number; rising numbers give rising keys. */
export function writeSequence(target: Uint8Array, sequence: number, at = 0): Uint8Array {
  const high = Math.floor(sequence / 0x1000000);
  const low = sequence % 0x1000000;
  target[at] = high >>> 16;
  target[at + 1] = high >>> 8;
  target[at + 2] = high;
  target[at + 3] = low >>> 16;
  target[at + 4] = low >>> 8;
  target[at + 5] = low;
  return target;
}

/** Reads what {@link writeSequence} wrote. */
export function readSequence(source: Uint8Array, at = 0): number {
  const high = ((source[at] as number) << 16) | ((source[at + 1] as number) << 8) | (source[at + 2] as number);
  const low = ((source[at + 3] as number) << 16) | ((source[at + 4] as number) << 8) | (source[at + 5] as number);
  return high * 0x1000000 + low;
}

/** A key of the table `blocks` or `journal`. */
export const sequenceKey = (sequence: number): Uint8Array => writeSequence(new Uint8Array(sequenceBytes), sequence);

/**
 * Fills `prefix` with the 8 bytes under which a CID is indexed.
 *
 * Of the chain's own forms (DAG-CBOR or raw under blake2b-256) the start of the digest, which nobody can choose. Any
 * other CID is hashed whole: an identity CID is whatever its maker likes, and many under one prefix would make each
 * lookup long.
 */
export function fillPrefix(prefix: Uint8Array, cid: CidBytes): void {
  const ours =
    cid.length === 38 &&
    cid[0] === 0x01 &&
    (cid[1] === 0x71 || cid[1] === 0x55) &&
    cid[2] === 0xa0 &&
    cid[3] === 0xe4 &&
    cid[4] === 0x02;
  const digest = ours ? cid : blake2b256(cid);
  const from = ours ? 6 : 0;
  for (let i = 0; i < prefixBytes; i++) prefix[i] = digest[from + i] as number;
}

/** High half of a prefix. */
export const prefixHigh = (p: Uint8Array, at = 0): number =>
  (((p[at] as number) << 24) | ((p[at + 1] as number) << 16) | ((p[at + 2] as number) << 8) | (p[at + 3] as number)) >>>
  0;

/** Low half of a prefix. */
export const prefixLow = (p: Uint8Array, at = 0): number => prefixHigh(p, at + 4);

/** A prefix from its halves. */
export function writePrefix(target: Uint8Array, high: number, low: number): Uint8Array {
  new DataView(target.buffer, target.byteOffset).setUint32(0, high);
  new DataView(target.buffer, target.byteOffset).setUint32(4, low);
  return target;
}

/** The key of a row: names have no zero byte, so tables do not mix and each keeps its order. */
export function rowKey(table: Uint8Array, key: Uint8Array): Uint8Array {
  return concatBytes(table, separator, key);
}

const separator = Uint8Array.of(0);
