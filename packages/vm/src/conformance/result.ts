import { type CidBytes, toCid } from "@copse/ipld";
import { equalBytes, toHex } from "@copse/primitives";
import type { ExpectedMessage, ExpectedOutputs } from "./vector.ts";

/** What a message came to. */
export interface ActualMessage {
  /** Why it was not applied at all; then there is no receipt. */
  readonly refused: string | undefined;
  readonly exitCode: number;
  readonly returnData: Uint8Array;
  readonly gasUsed: bigint;
  readonly eventsRoot: CidBytes | null | undefined;
  /** CBOR of the list of stamped events; empty where there are none. */
  readonly events: Uint8Array | undefined;
  readonly outputs: ExpectedOutputs | undefined;
  /** For people: what went wrong, where the message failed. */
  readonly failure: string | undefined;
}

/** Something that is not as the vector has it. */
export interface Mismatch {
  /** Which message, from 0; `undefined` for the state after all. */
  readonly message: number | undefined;
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
}

const outputNames: readonly (keyof ExpectedOutputs)[] = [
  "penalty",
  "minerTip",
  "baseFeeBurn",
  "overEstimationBurn",
  "refund",
  "gasRefund",
  "gasBurned",
];

/** Compares in the order of the reference's driver: exit code, return, gas; then what only generated vectors tell. */
export function compareMessage(message: number, expected: ExpectedMessage, actual: ActualMessage): Mismatch[] {
  const rows: [what: string, expected: string, actual: string][] = [];
  const isRefused = expected.refused !== undefined;
  if (isRefused !== (actual.refused !== undefined)) {
    rows.push(["receipt", expected.refused ?? "one", actual.refused ?? "one"]);
  } else if (!isRefused) {
    rows.push(["exit code", String(expected.exitCode), String(actual.exitCode)]);
    rows.push(["return", ...bytesTexts(expected.returnData, actual.returnData)]);
    rows.push(["gas used", String(expected.gasUsed), String(actual.gasUsed)]);
    if (expected.eventsRoot !== undefined) {
      rows.push(["events root", rootText(expected.eventsRoot), rootText(actual.eventsRoot)]);
    }
    if (expected.events !== undefined) rows.push(["events", ...bytesTexts(expected.events, actual.events)]);
    for (const name of expected.outputs === undefined ? [] : outputNames) {
      rows.push([name, String(expected.outputs?.[name]), String(actual.outputs?.[name])]);
    }
  }
  return rows
    .filter(([, wanted, found]) => wanted !== found)
    .map(([what, wanted, found]) => ({ message, what, expected: wanted, actual: found }));
}

/** A mismatch as a line for people. */
export function mismatchText({ message, what, expected, actual }: Mismatch): string {
  return `${message === undefined ? "" : `message ${message}: `}${what} ${actual}, not ${expected}`;
}

function rootText(root: CidBytes | null | undefined): string {
  return root === undefined ? "absent" : root === null ? "none" : toCid(root).toString();
}

/** Two byte strings as text, which differs where they do. */
function bytesTexts(expected: Uint8Array, actual: Uint8Array | undefined): [string, string] {
  if (actual === undefined) return [hexText(expected), "unknown"];
  if (equalBytes(expected, actual)) return ["", ""];
  const at = expected.findIndex((byte, index) => byte !== actual[index]);
  const place = `, from byte ${at === -1 ? expected.length : at} on`;
  return [hexText(expected), hexText(actual) + place];
}

/** Hex, cut where it is long. */
function hexText(bytes: Uint8Array): string {
  return bytes.length <= 256 ? `0x${toHex(bytes)}` : `0x${toHex(bytes.subarray(0, 128))}… (${bytes.length} B)`;
}
