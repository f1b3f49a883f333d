import { type Codec, toCid } from "@copse/ipld";
import { type BitField, goBitFieldCodec } from "@copse/ipld/bitfield";
import { Address, type AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";
import { readAddress, readAmount, readBigInt, readCid, writeBigInt, writeCid } from "./fields.ts";

/** An unsigned 64-bit integer: an ID, a nonce, a method, a count that nothing bounds. */
export const uintField: Codec<bigint> = {
  encode: (writer, value) => void writer.uint(value),
  decode: (reader) => reader.uint(),
};

/** A signed 64-bit integer, such as an epoch that a user chose and nobody checked. */
export const intField: Codec<bigint> = {
  encode: (writer, value) => void writer.int(value),
  decode: (reader) => reader.int(),
};

/** An integer that the actors keep small: an epoch near the chain's own, a proof type, an index. Bound: 2^53. */
export const numberField: Codec<number> = {
  encode: (writer, value) => void writer.int(value),
  decode: (reader) => reader.safeInt(),
};

/** A boolean. */
export const boolField: Codec<boolean> = {
  encode: (writer, value) => void writer.bool(value),
  decode: (reader) => reader.bool(),
};

/** Bytes. Bound: 2 MiB. */
export const bytesField: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.bytes(value),
  decode: (reader) => reader.bytes().slice(),
};

/** Text. */
export const textField: Codec<string> = {
  encode: (writer, value) => void writer.text(value),
  decode: (reader) => reader.text(),
};

/** An amount of tokens. */
export const amountField: Codec<AttoFil> = { encode: writeBigInt, decode: readAmount };

/** An integer of any size in the form of amounts: power, weight, space times time. */
export const bigIntField: Codec<bigint> = { encode: writeBigInt, decode: readBigInt };

/** An address. */
export const addressField: Codec<Address> = {
  encode: (writer, value) => void writer.bytes(value),
  decode: readAddress,
};

/** A link. */
export const cidField: Codec<CID> = { encode: writeCid, decode: readCid };

/** A bit field. Old states hold some that today's actors would write in fewer bytes: those are read too. */
export const bitFieldField: Codec<BitField> = goBitFieldCodec;

/** The value of sets, which have keys only. */
export const nothingField: Codec<null> = {
  encode: (writer) => void writer.null(),
  decode(reader) {
    if (!reader.null()) reader.skip();
    return null;
  },
};

/** Something, or null. */
export function orNull<T>(codec: Codec<T>): Codec<T | null> {
  return {
    encode(writer, value) {
      if (value === null) writer.null();
      else codec.encode(writer, value);
    },
    decode: (reader) => (reader.null() ? null : codec.decode(reader)),
  };
}

/** A list. */
export function listOf<T>(codec: Codec<T>): Codec<readonly T[]> {
  return {
    encode(writer, values) {
      writer.array(values.length);
      for (const value of values) codec.encode(writer, value);
    },
    decode: (reader) => Array.from({ length: reader.array() }, () => codec.decode(reader)),
  };
}

/** Addresses as keys of maps. */
export const addressKeys: { encode(key: Address): Uint8Array; decode(bytes: Uint8Array): Address } = {
  encode: (key) => key,
  decode: (bytes) => Address.view(bytes),
};

/** CIDs as keys of sets. */
export const cidKeys: { encode(key: CID): Uint8Array; decode(bytes: Uint8Array): CID } = {
  encode: (key) => key.bytes,
  decode: (bytes) => toCid(bytes),
};
