import { type CborReader, type CborWriter, fromCid, toCid } from "@copse/ipld";
import { bigintToBytes, bytesToBigint } from "@copse/primitives";
import type { CID } from "multiformats/cid";
import { F3Error } from "./errors.ts";
import { commitmentsLength, maxListLength, maxPowerLength } from "./limits.ts";

/**
 * Reads a signed integer of the one form that is ever written: empty for 0, else a sign byte and a magnitude without
 * leading zeros. Go reads other forms too, and writes them back as this one: bytes that are kept would differ.
 *
 * @see go-state-types:big/int.go
 */
export function readPower(reader: CborReader, what: string): bigint {
  const bytes = reader.bytes(maxPowerLength);
  if (bytes.length === 0) return 0n;
  const sign = bytes[0] as number;
  if (sign > 1) throw new F3Error("f3/number-malformed", { what, why: `sign byte ${sign}` });
  if (bytes.length === 1) throw new F3Error("f3/number-malformed", { what, why: "zero with a sign" });
  if (bytes[1] === 0) throw new F3Error("f3/number-malformed", { what, why: "leading zeros" });
  const magnitude = bytesToBigint(bytes.subarray(1));
  return sign === 1 ? -magnitude : magnitude;
}

/** Appends a signed integer, as {@link readPower} reads it. */
export function writePower(writer: CborWriter, what: string, value: bigint): void {
  if (value === 0n) {
    writer.bytes(new Uint8Array(0));
    return;
  }
  const magnitude = bigintToBytes(value);
  if (magnitude.length >= maxPowerLength) {
    throw new F3Error("f3/too-long", { what, length: magnitude.length + 1, limit: maxPowerLength });
  }
  writer.bytes(magnitude, value < 0n ? 1 : 0);
}

/** Reads 32 bytes: a view. */
export function readCommitments(reader: CborReader, what: string): Uint8Array {
  const bytes = reader.bytes(commitmentsLength);
  assertSize(what, bytes);
  return bytes;
}

/** Appends 32 bytes. */
export function writeCommitments(writer: CborWriter, what: string, bytes: Uint8Array): void {
  assertSize(what, bytes);
  writer.bytes(bytes);
}

function assertSize(what: string, { length }: Uint8Array): void {
  if (length !== commitmentsLength) throw new F3Error("f3/length-wrong", { what, length, expected: commitmentsLength });
}

/** Appends bytes; refuses such as no decoder would read. */
export function writeBytes(writer: CborWriter, what: string, bytes: Uint8Array, limit: number): void {
  if (bytes.length > limit) throw new F3Error("f3/too-long", { what, length: bytes.length, limit });
  writer.bytes(bytes);
}

/** Reads a list of at most 8192. */
export function readList<T>(reader: CborReader, read: (reader: CborReader) => T): T[] {
  const count = reader.array(undefined, maxListLength);
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
  if (items.length > maxListLength) {
    throw new F3Error("f3/too-long", { what, length: items.length, limit: maxListLength });
  }
  writer.array(items.length);
  for (const item of items) write(writer, item);
}

/** Reads a link as a CID over a view. */
export function readCid(reader: CborReader): CID {
  return toCid(reader.link());
}

/** Appends a link. */
export function writeCid(writer: CborWriter, cid: CID): void {
  writer.link(fromCid(cid));
}
