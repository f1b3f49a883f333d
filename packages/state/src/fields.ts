import { CborReader, type CborWriter, type CidBytes, fromCid, toCid } from "@copse/ipld";
import { Address, AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";
import { StateError } from "./errors.ts";

const maxAddressLength = 64;
const maxAmountLength = 128;

/** A struct's reader and its count of fields, one of those known. */
export function openStruct(block: Uint8Array, what: string, known: readonly number[]): [CborReader, number] {
  const reader = new CborReader(block);
  const fields = reader.array();
  if (!known.includes(fields)) {
    throw new StateError("state/layout-unknown", { what, fields, expected: known.join(" or ") });
  }
  return [reader, fields];
}

/** Passes over fields. */
export function skipFields(reader: CborReader, count: number): void {
  for (let i = 0; i < count; i++) reader.skip();
}

/** An address. */
export function readAddress(reader: CborReader): Address {
  return Address.fromBytes(reader.bytes(maxAddressLength));
}

/** An address or null. */
export function readAddressOrNull(reader: CborReader): Address | null {
  return reader.null() ? null : readAddress(reader);
}

/** A power or other integer in the form of amounts. */
export function readBigInt(reader: CborReader): bigint {
  return AttoFil.decodeBigInt(reader.bytes(maxAmountLength));
}

/** An amount. */
export function readAmount(reader: CborReader): AttoFil {
  return AttoFil.decode(reader.bytes(maxAmountLength));
}

/** Appends an integer in the form of amounts. */
export function writeBigInt(writer: CborWriter, value: bigint): void {
  writer.bytes(AttoFil.encodeBigInt(value));
}

/** A link. */
export function readCid(reader: CborReader): CID {
  return toCid(reader.link().slice());
}

/** Appends a link. */
export function writeCid(writer: CborWriter, cid: CID | CidBytes): void {
  writer.link(cid instanceof Uint8Array ? cid : fromCid(cid));
}
