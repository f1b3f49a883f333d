import { CborReader, CborWriter, type CidBytes, cidOf, fromCid, maxBytesLength, readCid, toCid } from "@copse/ipld";
import { concatBytes, equalBytes, isCopseError, latin1 } from "@copse/primitives";
import type { CID } from "multiformats/cid";
import { TypesError } from "./errors.ts";

declare const brand: unique symbol;

/**
 * Names a tipset: the CIDs of its blocks in canonical order, concatenated. Each CID tells its own length.
 *
 * Size: 38 B a block; empty stands for the heaviest tipset in APIs. Never changed in place.
 *
 * @see lotus:chain/types/tipset_key.go
 */
export type TipsetKey = Uint8Array & { readonly [brand]: "TipsetKey" };

/** The key of no blocks. */
export const empty: TipsetKey = new Uint8Array(0) as TipsetKey;

/**
 * The key of blocks in the order given.
 *
 * @example
 * TipsetKey.fromCids([mainnet.genesisCid]).length // => 38
 */
export function fromCids(cids: readonly CID[]): TipsetKey {
  return concatBytes(...cids.map(fromCid)) as TipsetKey;
}

/**
 * Reads a key from its bytes. Cost: one copy.
 *
 * Follows Lotus: CIDs of any kind and length. Forest cuts the bytes into pieces of 38.
 *
 * @throws {TypesError} `tipset/key-malformed`
 * @example
 * TipsetKey.fromBytes(mainnet.genesisCid.bytes) // => TipsetKey.fromCids([mainnet.genesisCid])
 */
export function fromBytes(bytes: Uint8Array): TipsetKey {
  split(bytes);
  return bytes.slice() as TipsetKey;
}

function split(bytes: Uint8Array): CidBytes[] {
  const parts: CidBytes[] = [];
  try {
    for (let at = 0; at < bytes.length; ) {
      const { end } = readCid(bytes, at);
      parts.push(bytes.subarray(at, end));
      at = end;
    }
  } catch (error) {
    if (!isCopseError(error, "cid/")) throw error;
    throw new TypesError("tipset/key-malformed", { length: bytes.length }, { cause: error });
  }
  return parts;
}

/**
 * The CIDs of the blocks, in order; their bytes are views of the key.
 *
 * @example
 * TipsetKey.cids(TipsetKey.fromCids([mainnet.genesisCid])) // => [mainnet.genesisCid]
 */
export function cids(key: TipsetKey): CID[] {
  return split(key).map(toCid);
}

/**
 * The binary CIDs of the blocks, in order: views of the key.
 *
 * @example
 * TipsetKey.cidBytes(TipsetKey.fromCids([mainnet.genesisCid])) // => [mainnet.genesisCid.bytes]
 */
export function cidBytes(key: TipsetKey): CidBytes[] {
  return split(key);
}

/**
 * The key as a block of a store: a CBOR byte string. Nodes keep it so, under {@link cid}.
 *
 * @example
 * TipsetKey.encode(TipsetKey.empty) // => Uint8Array.of(0x40)
 */
export function encode(key: TipsetKey): Uint8Array {
  return new CborWriter(key.length + 9).bytes(key).finish();
}

/**
 * Reads the block written by {@link encode}.
 *
 * @throws {CborError} bytes that are no CBOR byte string
 * @throws {TypesError} `tipset/key-malformed`
 * @example
 * TipsetKey.decode(Uint8Array.of(0x40)) // => TipsetKey.empty
 */
export function decode(bytes: Uint8Array): TipsetKey {
  const reader = new CborReader(bytes);
  const key = fromBytes(reader.bytes(maxBytesLength));
  reader.end();
  return key;
}

/**
 * The CID of the key's block. Its digest is the block hash of the eth API; F3 signs this CID too.
 *
 * @example
 * TipsetKey.cid(TipsetKey.empty).toString() // => "bafy2bzacea456askyutsf7uk4ta2q5aojrlcji4mhaqokbfalgvoq4ueeh4l2"
 */
export function cid(key: TipsetKey): CID {
  return toCid(cidOf(encode(key)));
}

/**
 * Whether two keys name the same blocks in the same order.
 *
 * @example
 * TipsetKey.equals(TipsetKey.fromCids([]), TipsetKey.empty) // => true
 */
export function equals(a: TipsetKey, b: TipsetKey): boolean {
  return equalBytes(a, b);
}

/**
 * One-to-one with the tipset key: a key of a `Map`. Not text for people.
 *
 * @example
 * new Map([[TipsetKey.key(tipset.key), tipset]]).get(TipsetKey.key(tipset.key)) // => tipset
 */
export function key(tipset: TipsetKey): string {
  return latin1(tipset);
}

/**
 * The key as Lotus prints it.
 *
 * @example
 * TipsetKey.format(TipsetKey.empty) // => "{}"
 */
export function format(key: TipsetKey): string {
  return `{${cids(key).join(",")}}`;
}
