import { CborReader, CborWriter } from "@copse/ipld";
import { CopseError } from "@copse/primitives";
import { encodePowerEntries, readPowerEntries } from "../power-entries.ts";
import type { PowerEntry } from "../types.ts";
import { F3SnapshotError } from "./errors.ts";

/**
 * What an F3 snapshot begins with.
 *
 * Shape: CBOR array(4): version, first instance, latest instance, initial power table.
 *
 * @see FIPs:FRCs/frc-0108.md
 */
export interface F3SnapshotHeader {
  /** 1, the only one there is. */
  readonly version: number;
  readonly firstInstance: number;
  readonly latestInstance: number;
  /** The table that validates the first instance. */
  readonly initialPowerTable: readonly PowerEntry[];
}

/** The version this package reads and writes. */
export const snapshotVersion = 1;

/** The bytes of a header, without their length. @throws {F3Error} `f3/too-long` */
export function encodeSnapshotHeader(header: F3SnapshotHeader): Uint8Array {
  const writer = new CborWriter(64);
  writer.array(4).uint(header.version).uint(header.firstInstance).uint(header.latestInstance);
  return writer.raw(encodePowerEntries(header.initialPowerTable)).finish();
}

/**
 * Reads the bytes of a header; those after it are refused.
 *
 * @throws {F3SnapshotError} `f3/snapshot-header-malformed`, `f3/snapshot-version-unknown`, `f3/snapshot-range-malformed`
 */
export function decodeSnapshotHeader(bytes: Uint8Array): F3SnapshotHeader {
  try {
    const reader = new CborReader(bytes);
    reader.array(4);
    // Before anything else: what follows may be of another shape in a later version.
    const version = reader.uint();
    if (version !== BigInt(snapshotVersion)) {
      throw new F3SnapshotError("f3/snapshot-version-unknown", { version, known: snapshotVersion });
    }
    const [first, latest] = [reader.safeUint(), reader.safeUint()];
    if (latest < first || latest === Number.MAX_SAFE_INTEGER) {
      throw new F3SnapshotError("f3/snapshot-range-malformed", { first, latest });
    }
    const initialPowerTable = readPowerEntries(reader);
    reader.end();
    return { version: snapshotVersion, firstInstance: first, latestInstance: latest, initialPowerTable };
  } catch (error) {
    if (error instanceof F3SnapshotError || !(error instanceof CopseError)) throw error;
    throw new F3SnapshotError("f3/snapshot-header-malformed", { why: error.message }, { cause: error });
  }
}
