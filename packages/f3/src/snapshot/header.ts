import type { PowerEntry } from "../types.ts";

/**
 * What an F3 snapshot begins with.
 *
 * Shape: CBOR array(4): version, first instance, latest instance, initial power table.
 *
 * @see FIPs:FRCs/frc-0108.md
 */
export interface F3SnapshotHeader {
  readonly version: number;
  readonly firstInstance: number;
  readonly latestInstance: number;
  readonly initialPowerTable: readonly PowerEntry[];
}
