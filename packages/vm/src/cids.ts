import { type CidBytes, chainCidLength, isChainCid, makeCid } from "@copse/ipld";
import { concatBytes, encodeUvarint } from "@copse/primitives";
import { readUint64 } from "./varint64.ts";

/** Codecs that the machine knows. */
export const blockCodecs = { raw: 0x55, cbor: 0x51, dagCbor: 0x71, unsealed: 0xf101, sealed: 0xf102 } as const;

/** Hash functions that the machine knows. */
export const hashCodes = {
  identity: 0,
  sha256: 0x12,
  keccak256: 0x1b,
  ripemd160: 0x1053,
  sha256Truncated: 0x1012,
  blake2b256: 0xb220,
  blake2b512: 0xb240,
  poseidon: 0xb401,
} as const;

const maxDigest = 64;

/** A CID taken apart. Codec and hash function past 2^53 are rounded: they are none that the machine knows. */
export interface MachineCid {
  /** In its one form: a copy. */
  readonly cid: CidBytes;
  readonly codec: number;
  readonly hash: number;
  /** A view of `cid`. */
  readonly digest: Uint8Array;
  /** Offset after it, in the bytes it was read from. */
  readonly end: number;
}

/**
 * Reads the CID at an offset of memory as the reference does; bytes may follow.
 *
 * @returns `undefined` for bytes that are none
 * @see rust-cid:src/cid.rs read_bytes
 */
export function readMachineCid(bytes: Uint8Array, offset: number): MachineCid | undefined {
  if (isChainCid(bytes, offset) && bytes.length - offset >= chainCidLength) {
    const end = offset + chainCidLength;
    const cid = bytes.slice(offset, end);
    return { cid, codec: blockCodecs.dagCbor, hash: hashCodes.blake2b256, digest: cid.subarray(6), end };
  }
  return bytes[offset] === 1 ? (shortCid(bytes, offset) ?? anyCid(bytes, offset)) : anyCid(bytes, offset);
}

/** Version 1 of short varints: all that there are, but for those made to be odd. */
function shortCid(bytes: Uint8Array, offset: number): MachineCid | undefined {
  const codec = shortVarint(bytes, offset + 1);
  const codecEnd = offset + 1 + (codec & 7);
  const hash = shortVarint(bytes, codecEnd);
  const hashEnd = codecEnd + (hash & 7);
  const size = bytes[hashEnd] ?? 0xff;
  const end = hashEnd + 1 + size;
  if (codec === 0 || hash === 0 || size > maxDigest || end > bytes.length) return undefined;
  const cid = bytes.slice(offset, end);
  return { cid, codec: codec >>> 3, hash: hash >>> 3, digest: cid.subarray(cid.length - size), end };
}

/** A varint of up to three bytes: its value times 8, and its length added. 0 where there is none. */
function shortVarint(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = 0; i < 3; i++) {
    const byte = bytes[at + i];
    if (byte === undefined || (byte === 0 && i > 0)) return 0;
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return value * 8 + i + 1;
  }
  return 0;
}

function anyCid(bytes: Uint8Array, offset: number): MachineCid | undefined {
  const version = readUint64(bytes, offset);
  if (version === undefined) return undefined;
  const codec = readUint64(bytes, version.end);
  if (codec === undefined) return undefined;
  if (version.value === 0x12n && codec.value === 0x20n) {
    const end = codec.end + 32;
    if (end > bytes.length) return undefined;
    const cid = bytes.slice(offset, end);
    return { cid, codec: 0x70, hash: hashCodes.sha256, digest: cid.subarray(2), end };
  }
  if (version.value !== 1n) return undefined;
  const hash = readUint64(bytes, codec.end);
  if (hash === undefined) return undefined;
  const length = readUint64(bytes, hash.end);
  if (length === undefined || length.value > maxDigest) return undefined;
  const end = length.end + Number(length.value);
  if (end > bytes.length) return undefined;
  // made again, since a varint of ten groups has more than one form
  const head = concatBytes(Uint8Array.of(1), ...[codec.value, hash.value, length.value].map((n) => encodeUvarint(n)));
  const cid = concatBytes(head, bytes.subarray(length.end, end));
  return { cid, codec: Number(codec.value), hash: Number(hash.value), digest: cid.subarray(head.length), end };
}

/** A CID that is known to be whole, taken apart. */
export function partsOf(cid: CidBytes): MachineCid {
  const parts = readMachineCid(cid, 0);
  return parts ?? { cid, codec: -1, hash: -1, digest: cid.subarray(0, 0), end: cid.length };
}

/** The CID of a block an actor has made: blake2b-256 under the block's own codec. */
export function blockCid(codec: number, block: Uint8Array): CidBytes {
  return makeCid(block, { codec });
}
