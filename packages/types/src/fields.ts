import { CborReader, type CborWriter, type Codec, fromCid, maxArrayLength, maxBytesLength, toCid } from "@copse/ipld";
import type { CID } from "multiformats/cid";
import { type Address, view as viewAddress } from "./address.ts";
import { type AttoFil, decodeBigInt, encodeBigInt, maxAmountLength } from "./atto-fil.ts";
import { TypesError } from "./errors.ts";

/** Bytes of an address in CBOR, at most: Go's limit, one less than Rust's. @see go-address:address.go UnmarshalCBOR */
export const maxAddressLength: number = 64;

/**
 * A reader over a copy of the next item: what is decoded from it may keep views. One copy of the whole costs less than
 * one of each field, and a field kept for long does not hold the message it came in.
 */
export function ownItem(reader: CborReader): CborReader {
  return new CborReader(reader.skip().slice());
}

/** An address: a view. */
export function readAddress(reader: CborReader): Address {
  return viewAddress(reader.bytes(maxAddressLength));
}

/** An amount or weight. */
export function readBigInt(reader: CborReader): bigint {
  return decodeBigInt(reader.bytes(maxAmountLength));
}

/** Appends an amount or weight. */
export function writeBigInt(writer: CborWriter, value: bigint): void {
  writer.bytes(encodeBigInt(value));
}

/** A link as a CID over a view. */
export function readCidField(reader: CborReader): CID {
  return toCid(reader.link());
}

/** Appends a link. */
export function writeCidField(writer: CborWriter, cid: CID): void {
  writer.link(fromCid(cid));
}

/** A list of at most 8192 items. */
export function readList<T>(reader: CborReader, read: (reader: CborReader) => T): T[] {
  const count = reader.array();
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(read(reader));
  return items;
}

/** Appends a list; refuses one that no decoder would read. */
export function writeList<T>(
  writer: CborWriter,
  what: string,
  items: readonly T[],
  write: (writer: CborWriter, item: T) => void,
): void {
  if (items.length > maxArrayLength) {
    throw new TypesError("fields/list-too-long", { what, length: items.length, limit: maxArrayLength });
  }
  writer.array(items.length);
  for (const item of items) write(writer, item);
}

/** Appends a byte string; refuses one that no decoder would read. */
export function writeBytes(writer: CborWriter, what: string, bytes: Uint8Array): void {
  if (bytes.length > maxBytesLength) {
    throw new TypesError("fields/bytes-too-long", { what, length: bytes.length, limit: maxBytesLength });
  }
  writer.bytes(bytes);
}

/** Addresses in CBOR: a byte string of at most 64 B, as in Go (Rust takes 65). @see go-address:address.go UnmarshalCBOR */
export const addressCodec: Codec<Address> = {
  encode: (writer, address) => void writer.bytes(address),
  decode: (reader) => viewAddress(reader.bytes(maxAddressLength).slice()),
};

/** Amounts in CBOR: a byte string of at most 128 B. */
export const attoFilCodec: Codec<AttoFil> = {
  encode: writeBigInt,
  decode: (reader) => readBigInt(reader) as AttoFil,
};
