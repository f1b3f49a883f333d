import { readFileSync } from "node:fs";
import { parseManifest } from "@copse/f3";
import { type F3SnapshotHeader, snapshotTable } from "@copse/f3/snapshot";
import { equalBytes, isCopseError } from "@copse/primitives";
import { networks } from "@copse/types";
import { type F3Manifest, f3Butterflynet, f3Calibnet, f3Devnet, f3Mainnet } from "@copse/types/networks";
import { CID } from "multiformats/cid";
import { textFlag } from "../commands/car-input.ts";
import type { CommandContext, OptionSpec } from "../commands/command.ts";
import { NodeError } from "../errors.ts";
import { resolveNetwork } from "../networks.ts";

/** Options of every command that verifies F3 data. */
export const trustOptions: readonly OptionSpec[] = [
  {
    form: "--manifest <file>",
    says: "the network's F3 manifest as JSON, instead of the known one",
  },
  {
    form: "--trust-table [cid]",
    says: "where the manifest names no initial power table: the CID of the one to trust, or without it that of the file",
  },
];

/** What a file is held against, and where that comes from. */
export interface Trust {
  readonly manifest: F3Manifest;
  /** In words, for people. */
  readonly says: string;
}

const known: readonly F3Manifest[] = [f3Mainnet, f3Calibnet, f3Butterflynet, f3Devnet];

/**
 * What the options say is to be trusted; where they say nothing, the network whose initial power table the file has.
 *
 * @throws {NodeError} `copse/option-malformed`, `copse/config-malformed`, `copse/command-malformed`
 */
export function trustOf(context: CommandContext, header: F3SnapshotHeader): Trust {
  const name = textFlag(context, "network");
  const file = textFlag(context, "manifest");
  if (file !== undefined) return trusting(context, readManifest(file));
  if (name !== undefined) return trusting(context, manifestNamed(name));
  const { cid } = snapshotTable(header);
  const found = known.find(({ initialPowerTable: own }) => own !== undefined && equalBytes(own.bytes, cid.bytes));
  if (found !== undefined) return trusting(context, found);
  const why = `no known network starts with this file's power table ${cid}: give --network or --manifest`;
  throw new NodeError("copse/command-malformed", { why });
}

/** What `--trust-table` says. @throws {NodeError} `copse/option-malformed` */
export function trustTableOf(context: CommandContext): CID | "snapshot" | undefined {
  const flag = context.flags["trustTable"];
  return flag === true ? "snapshot" : typeof flag === "string" ? parseTable(flag) : undefined;
}

/** Says what a manifest's certificates rest on. */
export function trusting(context: CommandContext, manifest: F3Manifest): Trust {
  const trustTable = trustTableOf(context);
  const { networkName, initialPowerTable } = manifest;
  const says =
    initialPowerTable !== undefined
      ? `the manifest of ${networkName}`
      : trustTable === "snapshot"
        ? `the file itself: nothing else says what ${networkName} starts with`
        : "the power table that was given";
  return { manifest, says };
}

/** Says what to do where nothing but the file says which power table to trust. */
export async function advising<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isCopseError(error, "f3/snapshot-table-untrusted")) throw error;
    const why = `${error.message}: give its CID with --trust-table if you have it from elsewhere, or --trust-table alone`;
    throw new NodeError("copse/command-malformed", { why }, { cause: error });
  }
}

/** A network's manifest: by its name, its name in F3, or from a file that describes the network. */
function manifestNamed(name: string): F3Manifest {
  const byName = networks.find((network) => network.name === name)?.f3;
  const found = byName ?? known.find(({ networkName }) => networkName === name);
  return found ?? resolveNetwork(name).f3;
}

/** Reads a manifest in Go's JSON form. @throws {NodeError} `copse/config-malformed` */
export function readManifest(file: string): F3Manifest {
  try {
    return parseManifest(readFileSync(file, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (!isCopseError(error) && !(error instanceof Error && "code" in error)) throw error;
    throw new NodeError("copse/config-malformed", { file, why }, { cause: error });
  }
}

function parseTable(text: string): CID {
  try {
    return CID.parse(text);
  } catch (error) {
    const facts = { option: "--trust-table", value: text, expected: "a CID" };
    throw new NodeError("copse/option-malformed", facts, { cause: error });
  }
}
