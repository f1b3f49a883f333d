import { readFileSync } from "node:fs";
import { fromHex, isCopseError } from "@copse/primitives";
import { type Network, network, networks } from "@copse/types";
import { CID } from "multiformats/cid";
import { NodeError } from "./errors.ts";

/**
 * A network by name, or from a JSON file that describes one made for the occasion.
 *
 * Shape of the file: {@link networkJson}.
 *
 * @throws {NodeError} `copse/option-malformed`, `copse/config-malformed`
 */
export function resolveNetwork(name: string): Network {
  if (!name.endsWith(".json")) {
    try {
      const found = network(name);
      if ("genesisCid" in found) return found as Network;
    } catch (error) {
      if (!isCopseError(error)) throw error;
    }
    const expected = `one of ${networks
      .filter((known) => "genesisCid" in known)
      .map(({ name: known }) => known)
      .join(", ")}, or a .json file (a devnet's genesis is made anew for each run)`;
    throw new NodeError("copse/option-malformed", { option: "--network", value: name, expected });
  }
  try {
    return parseNetwork(readFileSync(name, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NodeError("copse/config-malformed", { file: name, why }, { cause: error });
  }
}

type Tagged = { readonly $bigint?: string; readonly $bytes?: string; readonly $cid?: string };

/**
 * A network as JSON: its fields as they are, with `{"$cid": text}`, `{"$bytes": hex}` and `{"$bigint": digits}` for what
 * JSON has no form for.
 */
export function networkJson(described: Network): string {
  const tag = (value: unknown): unknown => {
    const cid = CID.asCID(value);
    if (cid !== null) return { $cid: cid.toString() };
    if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("hex") };
    if (typeof value === "bigint") return { $bigint: String(value) };
    if (Array.isArray(value)) return value.map(tag);
    if (typeof value === "object" && value !== null)
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, tag(v)]));
    return value;
  };
  return JSON.stringify(tag(described), null, 2);
}

/** Reads {@link networkJson} back. */
export function parseNetwork(text: string): Network {
  const read = JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    const { $cid, $bytes, $bigint } = value as Tagged;
    if ($cid !== undefined) return CID.parse($cid);
    if ($bytes !== undefined) return fromHex($bytes);
    if ($bigint !== undefined) return BigInt($bigint);
    return value;
  }) as Network;
  for (const field of ["name", "p2pName", "genesisCid", "genesisTime", "blockDelay", "upgrades", "drand"] as const) {
    if (read[field] === undefined)
      throw new NodeError("copse/option-malformed", {
        option: "--network",
        value: field,
        expected: "a field of the file",
      });
  }
  return { ...read, breezeWindow: read.breezeWindow };
}
