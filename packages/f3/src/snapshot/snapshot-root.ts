import { equalBytes, isCopseError } from "@copse/primitives";
import type { F3Manifest } from "@copse/types/networks";
import type { CID } from "multiformats/cid";
import { encodePowerEntries } from "../power-entries.ts";
import { createPowerTable } from "../power-table.ts";
import { trustRoot } from "../trust-root.ts";
import type { F3Position, PowerTable } from "../types.ts";
import { F3SnapshotError } from "./errors.ts";
import type { F3SnapshotHeader } from "./header.ts";

/** What of a manifest says where a network's certificates begin. */
export type RootManifest = Pick<
  F3Manifest,
  "networkName" | "initialInstance" | "initialPowerTable" | "committeeLookback"
>;

/** What a snapshot is held against. */
export interface SnapshotTrust {
  /** The network's, or how to tell it from what the snapshot says of itself, which nobody has checked yet. */
  readonly manifest: RootManifest | ((header: F3SnapshotHeader) => RootManifest);
  /**
   * The initial power table to trust where the manifest names none, as of networks that are started anew: its CID, or
   * `"snapshot"` for whatever the snapshot itself says. Then the snapshot proves no more than that it fits together.
   */
  readonly trustTable?: CID | "snapshot" | undefined;
}

/**
 * The position that a snapshot's certificates are verified from, and the manifest that says so.
 *
 * @throws {F3SnapshotError} `f3/snapshot-other-start`, `f3/snapshot-other-table`, `f3/snapshot-table-untrusted`,
 * `f3/snapshot-header-malformed`
 */
export function snapshotRoot(
  header: F3SnapshotHeader,
  { manifest: given, trustTable }: SnapshotTrust,
): { readonly root: F3Position; readonly manifest: RootManifest } {
  const manifest = typeof given === "function" ? given(header) : given;
  const { networkName: network, initialInstance: expected } = manifest;
  const instance = header.firstInstance;
  if (instance !== expected) throw new F3SnapshotError("f3/snapshot-other-start", { instance, expected, network });
  const table = snapshotTable(header);
  const trusted = manifest.initialPowerTable ?? trustTable;
  const found = table.cid.toString();
  if (trusted === undefined) throw new F3SnapshotError("f3/snapshot-table-untrusted", { instance, found, network });
  for (const cid of [trusted, trustTable]) {
    if (cid === undefined || cid === "snapshot" || equalBytes(cid.bytes, table.cid.bytes)) continue;
    throw new F3SnapshotError("f3/snapshot-other-table", { instance, expected: cid.toString(), found, network });
  }
  return { root: trustRoot(manifest, table), manifest };
}

/**
 * The initial power table of a snapshot, which must stand there in the order that its CID is made of.
 *
 * @throws {F3SnapshotError} `f3/snapshot-header-malformed`
 * @example
 * snapshotTable(reader.header).cid // trusted? compare it with the manifest's
 */
export function snapshotTable({ initialPowerTable }: F3SnapshotHeader): PowerTable {
  let table: PowerTable;
  try {
    table = createPowerTable(initialPowerTable);
  } catch (error) {
    if (!isCopseError(error)) throw error;
    throw new F3SnapshotError("f3/snapshot-header-malformed", { why: error.message }, { cause: error });
  }
  if (equalBytes(encodePowerEntries(table.entries), encodePowerEntries(initialPowerTable))) return table;
  throw new F3SnapshotError("f3/snapshot-header-malformed", { why: "its power table is not in order" });
}
