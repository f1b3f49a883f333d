import { blake2b256, keccak256, sha256 } from "@copse/crypto";
import { concatBytes, encodeUvarint, equalBytes, isCopseError, latin1, readUvarint } from "@copse/primitives";
import { CID } from "multiformats/cid";
import { Digest } from "multiformats/hashes/digest";
import { CidError } from "./errors.ts";

/**
 * A CID in its binary form: the canonical bytes that trees, stores and the wire use.
 *
 * Size: 38 B for nearly all of the chain: `01 71 a0 e4 02 20` and a 32-byte blake2b-256 digest.
 */
export type CidBytes = Uint8Array;

/** Codecs of the chain's blocks. */
export const codecs: { readonly dagCbor: 0x71; readonly raw: 0x55 } = { dagCbor: 0x71, raw: 0x55 };

/** Hash functions of the chain's CIDs. */
export const hashes: {
  readonly identity: 0;
  readonly sha256: 0x12;
  readonly keccak256: 0x1b;
  readonly blake2b256: 0xb220;
} = { identity: 0, sha256: 0x12, keccak256: 0x1b, blake2b256: 0xb220 };

/** Bytes of a CID of a DAG-CBOR block hashed by blake2b-256. */
export const chainCidLength = 38;

const chainPrefix: Uint8Array = Uint8Array.of(0x01, 0x71, 0xa0, 0xe4, 0x02, 0x20);

/**
 * The CID of a DAG-CBOR block under blake2b-256: what the chain uses unless it says otherwise.
 *
 * Cost: one hash and one 38-byte array.
 *
 * @example
 * toCid(cidOf(Uint8Array.of(0x80))).toString() // => "bafy2bzacebc3bt6cedhoyw34drrmjvazhu4oj25er2ebk4u445pzycvq4ta4a"
 */
export function cidOf(block: Uint8Array): CidBytes {
  return cidOfDigest(blake2b256(block));
}

/**
 * The CID of a DAG-CBOR block whose blake2b-256 digest is known.
 *
 * @example
 * cidOfDigest(new Uint8Array(32)).length // => 38
 */
export function cidOfDigest(digest: Uint8Array): CidBytes {
  const cid = new Uint8Array(chainCidLength);
  cid.set(chainPrefix);
  cid.set(digest, 6);
  return cid;
}

/**
 * The CID of bytes kept as they are (codec raw) under blake2b-256: Wasm and EVM code, F3 data of snapshots.
 *
 * @example
 * toCid(rawCidOf(Uint8Array.of(1))).code // => 0x55
 */
export function rawCidOf(block: Uint8Array): CidBytes {
  const cid = cidOf(block);
  cid[1] = codecs.raw;
  return cid;
}

/**
 * The CID of a block under any codec, and any of the chain's hash functions.
 *
 * @throws {CidError} `cid/hash-unsupported`
 * @example
 * makeCid(Uint8Array.of(0x80), { codec: 0x71, hash: hashes.sha256 }).length // => 36
 */
export function makeCid(block: Uint8Array, parts: { readonly codec?: number; readonly hash?: number } = {}): CidBytes {
  const { codec = codecs.dagCbor, hash = hashes.blake2b256 } = parts;
  if (codec === codecs.dagCbor && hash === hashes.blake2b256) return cidOf(block);
  const digest = digestOf(hash, block);
  return concatBytes(Uint8Array.of(1), ...[codec, hash, digest.length].map((part) => encodeUvarint(part)), digest);
}

/** Tells whether bytes at `offset` start with the prefix of the chain's common CID. */
export function isChainCid(bytes: Uint8Array, offset = 0): boolean {
  return (
    bytes[offset] === 0x01 &&
    bytes[offset + 1] === 0x71 &&
    bytes[offset + 2] === 0xa0 &&
    bytes[offset + 3] === 0xe4 &&
    bytes[offset + 4] === 0x02 &&
    bytes[offset + 5] === 0x20
  );
}

/**
 * A key for maps: one-to-one with the CID.
 *
 * @example
 * new Map([[cidKey(cid), 1]])
 */
export const cidKey = (cid: CidBytes): string => (cid.length === chainCidLength ? keyOf38(cid) : latin1(cid));

const text: (...codes: (number | undefined)[]) => string = String.fromCharCode as typeof text;

/** As `latin1`, of which most of the time goes into the list of arguments that is made of the bytes. */
function keyOf38(c: CidBytes): string {
  // biome-ignore format: rows of ten
  return text(
    c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9],
    c[10], c[11], c[12], c[13], c[14], c[15], c[16], c[17], c[18], c[19],
    c[20], c[21], c[22], c[23], c[24], c[25], c[26], c[27], c[28], c[29],
    c[30], c[31], c[32], c[33], c[34], c[35], c[36], c[37],
  );
}

/** What a binary CID says of itself. `digest` is a view. */
export interface CidParts {
  readonly version: 0 | 1;
  readonly codec: number;
  readonly hash: number;
  readonly digest: Uint8Array;
  /** Offset of the byte after the CID. */
  readonly end: number;
}

/**
 * Reads the binary CID at `offset`, exactly as strict as go-cid: version 1, or the bare sha2-256 multihash of version 0;
 * shortest varints; the digest whole.
 *
 * @throws {CidError} `cid/malformed`
 * @see go-cid `CidFromBytes`
 * @example
 * readCid(cidOf(Uint8Array.of(0x80))).codec // => 0x71
 */
export function readCid(bytes: Uint8Array, offset = 0): CidParts {
  if (isChainCid(bytes, offset) && bytes.length - offset >= chainCidLength) {
    const end = offset + chainCidLength;
    return { version: 1, codec: codecs.dagCbor, hash: hashes.blake2b256, digest: bytes.subarray(offset + 6, end), end };
  }
  if (bytes[offset] === 0x12 && bytes[offset + 1] === 0x20) {
    const end = offset + 34;
    if (bytes.length < end) throw new CidError("cid/malformed", { offset, why: "the digest is cut" });
    return { version: 0, codec: 0x70, hash: hashes.sha256, digest: bytes.subarray(offset + 2, end), end };
  }
  const version = varint(bytes, offset, "version");
  if (version.value !== 1) throw new CidError("cid/malformed", { offset, why: `version ${version.value}` });
  const codec = varint(bytes, version.end, "codec");
  const hash = varint(bytes, codec.end, "hash function");
  const length = varint(bytes, hash.end, "digest length");
  const end = length.end + length.value;
  if (end > bytes.length) throw new CidError("cid/malformed", { offset, why: "the digest is cut" });
  return { version: 1, codec: codec.value, hash: hash.value, digest: bytes.subarray(length.end, end), end };
}

function varint(bytes: Uint8Array, offset: number, what: string): { value: number; end: number } {
  // up to 28 bits without a bigint: every version, codec, hash and length that there is
  for (let at = offset, value = 0; at < offset + 4; at++) {
    const byte = bytes[at];
    if (byte === undefined || (byte === 0 && at > offset)) break; // cut, or longer than it need be: refused below
    value |= (byte & 0x7f) << (7 * (at - offset));
    if (byte < 0x80) return { value, end: at + 1 };
  }
  try {
    const { value, end } = readUvarint(bytes, offset);
    // go-varint reads 63 bits; what is past 2^53 is no codec, hash or length that exists
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return { value: Number(value), end };
  } catch (error) {
    if (!isCopseError(error)) throw error;
    throw new CidError("cid/malformed", { offset, why: `${what}: ${error.message}` }, { cause: error });
  }
  throw new CidError("cid/malformed", { offset, why: `${what} is too large` });
}

/**
 * The `CID` of multiformats for a binary CID; the bytes are kept as they are, not parsed again.
 *
 * @throws {CidError} `cid/malformed`, also when bytes follow the CID
 * @example
 * toCid(cidOf(Uint8Array.of(0x80))).version // => 1
 */
export function toCid(bytes: CidBytes): CID {
  if (bytes.length === chainCidLength && isChainCid(bytes)) {
    const multihash = new Digest(hashes.blake2b256, 32, bytes.subarray(6), bytes.subarray(2));
    return new CID(1, codecs.dagCbor, multihash, bytes as Uint8Array<ArrayBuffer>);
  }
  const { version, codec, hash, digest, end } = readCid(bytes);
  if (end !== bytes.length) throw new CidError("cid/malformed", { offset: end, why: `${bytes.length - end} B follow` });
  const multihash = new Digest(hash, digest.length, digest, multihashOf(bytes, version));
  return new CID(version, codec, multihash, bytes as Uint8Array<ArrayBuffer>);
}

function multihashOf(bytes: CidBytes, version: 0 | 1): Uint8Array {
  return version === 0 ? bytes : bytes.subarray(readUvarint(bytes, readUvarint(bytes).end).end);
}

/**
 * The binary form of a `CID`; a view of the CID's own bytes.
 *
 * @example
 * fromCid(CID.parse("bafy2bzacebc3bt6cedhoyw34drrmjvazhu4oj25er2ebk4u445pzycvq4ta4a")).length // => 38
 */
export function fromCid(cid: CID): CidBytes {
  return cid.bytes;
}

/** The block that an identity CID holds itself, a view; `undefined` for any other. */
export function inlineBlock(cid: CidBytes): Uint8Array | undefined {
  if (isChainCid(cid)) return undefined;
  const { hash, digest } = readCid(cid);
  return hash === hashes.identity ? digest : undefined;
}

/**
 * Tells whether a block's bytes hash to its CID.
 *
 * Hash functions: blake2b-256, sha2-256, keccak-256, identity.
 *
 * @throws {CidError} `cid/malformed`, `cid/hash-unsupported`
 * @example
 * verifyBlock(cidOf(Uint8Array.of(0x80)), Uint8Array.of(0x80)) // => true
 */
export function verifyBlock(cid: CidBytes, block: Uint8Array): boolean {
  const { hash, digest } = readCid(cid);
  return equalBytes(digestOf(hash, block), digest);
}

function digestOf(hash: number, block: Uint8Array): Uint8Array {
  switch (hash) {
    case hashes.blake2b256:
      return blake2b256(block);
    case hashes.sha256:
      return sha256(block);
    case hashes.keccak256:
      return keccak256(block);
    case hashes.identity:
      return block;
    default:
      throw new CidError("cid/hash-unsupported", { hash: BigInt(hash) });
  }
}
