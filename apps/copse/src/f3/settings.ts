import { readFileSync } from "node:fs";
import { createPowerTable, decodePowerEntries, type PowerEntry, type PowerTable, parseManifest } from "@copse/f3";
import { isCopseError } from "@copse/primitives";
import type { Network } from "@copse/types";
import type { F3Manifest } from "@copse/types/networks";
import { NodeError } from "../errors.ts";
import type { NodeOptions } from "../options.ts";

/** What a node follows F3 by. */
export interface F3Settings {
  readonly manifest: F3Manifest;
  /** The initial table the operator trusts; where it is not given, the manifest names its CID. */
  readonly table: PowerTable | undefined;
}

/**
 * What a node is to trust of F3. Undefined: it does without, since it was told to, or nothing says what to trust.
 *
 * @param kept the initial table of the certificates that the repository holds
 * @throws {NodeError} `copse/option-malformed`, `copse/config-malformed`
 * @throws {F3Error} what is wrong with the manifest or table
 */
export function f3Settings(
  network: Network,
  options: Pick<NodeOptions, "f3" | "f3Manifest" | "f3Table">,
  kept?: PowerTable,
): F3Settings | undefined {
  const { f3, f3Manifest, f3Table } = options;
  if (f3 === "off") return undefined;
  const manifest = f3Manifest === undefined ? network.f3 : parseManifest(read(f3Manifest, "utf8"));
  const table = f3Table === undefined ? undefined : readTable(f3Table);
  if (manifest !== undefined && (table ?? manifest.initialPowerTable ?? kept) !== undefined) return { manifest, table };
  if (f3 !== "on") return undefined;
  const expected = "off: no manifest names the initial power table of this network; give --f3-manifest or --f3-table";
  throw new NodeError("copse/option-malformed", { option: "--f3", value: "on", expected });
}

/** A power table in a file: CBOR as certificates have it, or JSON as Lotus and go-f3 print it. */
function readTable(file: string): PowerTable {
  const bytes = read(file);
  try {
    const isCbor = (bytes[0] ?? 0) >> 5 === 4;
    return createPowerTable(isCbor ? decodePowerEntries(bytes) : parseEntries(file, new TextDecoder().decode(bytes)));
  } catch (error) {
    if (error instanceof NodeError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new NodeError("copse/config-malformed", { file, why }, { cause: error });
  }
}

/** Shape: `[{"ID": 1000, "Power": "500", "PubKey": base64}]`. */
function parseEntries(file: string, text: string): PowerEntry[] {
  const rows = JSON.parse(text) as unknown;
  if (!Array.isArray(rows)) throw new NodeError("copse/config-malformed", { file, why: "it holds no list of members" });
  return rows.map((row: Readonly<Record<string, unknown>>, at) => {
    const { ID: id, Power: power, PubKey: key } = row;
    if (
      !Number.isSafeInteger(id) ||
      typeof power !== "string" ||
      !/^\d{1,60}$/.test(power) ||
      typeof key !== "string"
    ) {
      const why = `member ${at} is not {"ID": number, "Power": digits, "PubKey": base64}`;
      throw new NodeError("copse/config-malformed", { file, why });
    }
    const publicKey = new Uint8Array(Buffer.from(key, "base64"));
    return { id: BigInt(id as number), power: BigInt(power), publicKey };
  });
}

function read(file: string, encoding: "utf8"): string;
function read(file: string): Uint8Array;
function read(file: string, encoding?: "utf8"): string | Uint8Array {
  try {
    return encoding === undefined ? new Uint8Array(readFileSync(file)) : readFileSync(file, encoding);
  } catch (error) {
    if (isCopseError(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new NodeError("copse/config-malformed", { file, why }, { cause: error });
  }
}
