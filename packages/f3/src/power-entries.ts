import { CborReader, CborWriter } from "@copse/ipld";
import { readList, readPower, writeBytes, writeList, writePower } from "./fields.ts";
import { publicKeyLength } from "./limits.ts";
import type { PowerEntry } from "./types.ts";

/** Reads the entries of a table within a larger item; they own their bytes. Shape: CBOR array of array(3). */
export function readPowerEntries(reader: CborReader): PowerEntry[] {
  return readList(reader, readEntry);
}

function readEntry(reader: CborReader): PowerEntry {
  reader.array(3);
  const id = reader.uint();
  const power = readPower(reader, "power of a member");
  return { id, power, publicKey: reader.bytes(publicKeyLength).slice() };
}

/** Appends one entry. */
export function writePowerEntry(writer: CborWriter, { id, power, publicKey }: PowerEntry): void {
  writer.array(3).uint(id);
  writePower(writer, "power of a member", power);
  writeBytes(writer, "key of a member", publicKey, publicKeyLength);
}

/** Appends the entries of a table. */
export function writePowerEntries(writer: CborWriter, entries: readonly PowerEntry[]): void {
  writeList(writer, "power table", entries, writePowerEntry);
}

/**
 * The bytes of a table's entries, in the order given. Their CID is the table's.
 *
 * Shape: CBOR array of array(3): id, power (sign byte and magnitude), key. Size: about 65 B an entry.
 * Bound: 8192 entries, powers of 127 B, keys of 48 B.
 *
 * @throws {F3Error} `f3/too-long`
 * @throws {CborError} `cbor/out-of-range` for an id past 64 bits
 * @see go-f3:gpbft/cbor_gen.go PowerEntries
 * @example
 * encodePowerEntries([]) // => Uint8Array.of(0x80)
 */
export function encodePowerEntries(entries: readonly PowerEntry[]): Uint8Array {
  const writer = new CborWriter(9 + 72 * entries.length);
  writePowerEntries(writer, entries);
  return writer.finish();
}

/**
 * Reads the bytes of a table's entries; bytes after them are refused. Neither their order nor their powers are checked:
 * `createPowerTable` does.
 *
 * Bound: 8192 entries. Cost: one copy of each key.
 *
 * @throws {CborError} bytes that are not canonical, or not of this shape
 * @throws {F3Error} `f3/number-malformed` for a power with leading zeros, or zero with a sign
 * @example
 * decodePowerEntries(Uint8Array.of(0x80)) // => []
 */
export function decodePowerEntries(bytes: Uint8Array): PowerEntry[] {
  const reader = new CborReader(bytes);
  const entries = readPowerEntries(reader);
  reader.end();
  return entries;
}
