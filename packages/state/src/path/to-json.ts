import { CborWriter } from "@copse/ipld";
import { type BitField, toLengths } from "@copse/ipld/bitfield";
import { formatDagJson } from "@copse/ipld/walk";
import { Address } from "@copse/types";
import { CID } from "multiformats/cid";
import type { StateReading } from "./read-path.ts";

/** Fields of the structs of this package that hold addresses, or lists of them; other bytes are bytes. */
const addressFields: ReadonlySet<string> = new Set([
  "id",
  "address",
  "delegatedAddress",
  "owner",
  "worker",
  "controlAddresses",
  "pendingOwner",
  "beneficiary",
  "client",
  "provider",
  "miner",
  "from",
  "to",
  "signers",
  "approved",
  "governor",
  "rootKey",
  "receiver",
  "verifier",
]);

/**
 * A reading as JSON text, to be looked at: what is `bigint` here as text of all its digits, addresses and links as text,
 * bytes as DAG-JSON has them, bit fields as the lengths of their runs. What is absent is `null`.
 *
 * @param path the path that was read: its last name tells addresses from other bytes
 * @param prefix of addresses: `t` on test networks
 * @example
 * stateJson({ kind: "value", value: 7n }, "actors/f0100/nonce") // => '"7"'
 */
export function stateJson(reading: StateReading, path: string, prefix: "f" | "t" = "f"): string {
  if (reading.kind === "absent") return "null";
  if (reading.kind === "cbor") return formatDagJson(reading.cbor);
  const name = path.split("/").findLast((segment) => !/^\d+$/.test(segment)) ?? "";
  return format(reading.value, name, prefix);
}

function format(value: unknown, name: string, prefix: "f" | "t"): string {
  if (value === undefined || value === null) return "null";
  if (typeof value === "bigint") return `"${value}"`;
  if (typeof value !== "object") return JSON.stringify(value);
  const link = CID.asCID(value);
  if (link !== null) return JSON.stringify({ "/": link.toString() });
  if (value instanceof Uint8Array) return formatBytes(value, name, prefix);
  if (Array.isArray(value)) return `[${value.map((item) => format(item, name, prefix)).join(",")}]`;
  if ("edges" in value) return `[${toLengths(value as BitField).join(",")}]`;
  const fields = Object.entries(value).filter(([, held]) => held !== undefined);
  return `{${fields.map(([key, held]) => `${JSON.stringify(key)}:${format(held, key, prefix)}`).join(",")}}`;
}

function formatBytes(bytes: Uint8Array, name: string, prefix: "f" | "t"): string {
  if (addressFields.has(name)) return JSON.stringify(Address.format(Address.view(bytes), prefix));
  return formatDagJson(new CborWriter().bytes(bytes).finish());
}
