import { readFile } from "node:fs/promises";
import { fromHex, HostFault, isCopseError } from "@copse/primitives";
import {
  Address,
  AttoFil,
  decodeMessage,
  decodeSignedMessage,
  type Message,
  type Signature,
  storedBytes,
} from "@copse/types";
import { textFlag } from "../commands/car-input.ts";
import type { CommandContext, OptionSpec } from "../commands/command.ts";
import { NodeError } from "../errors.ts";

/** A message as it was given; what the state or the base fee is to fill in is `undefined`. */
export type GivenMessage = Omit<Message, "nonce" | "gasFeeCap"> & {
  readonly nonce: bigint | undefined;
  readonly gasFeeCap: AttoFil | undefined;
};

/** A message, and its bytes on chain where it was given signed. */
export interface MessageInput {
  readonly message: GivenMessage;
  readonly rawLength: number | undefined;
}

/** Options that say which message. */
export const messageOptions: readonly OptionSpec[] = [
  { form: "--message <file>", says: "the message, signed or not, in CBOR or in Lotus' JSON; - for standard input" },
  { form: "--from <address>", says: "sender; this and what follows where no file is given" },
  { form: "--to <address>", says: "receiver" },
  { form: "--value <amount>", says: 'what is sent, such as "1.5 FIL" or "7 afil" (default: 0)' },
  { form: "--method <n>", says: "number of the method (default: 0, a transfer)" },
  { form: "--params <bytes>", says: "parameters in CBOR: hex, or base64 after base64:" },
  { form: "--nonce <n>", says: "default: the sender's next" },
  { form: "--gas-limit <n>", says: "default: 10000000000, that of a block" },
  { form: "--gas-fee-cap <amount>", says: "default: the base fee" },
  { form: "--gas-premium <amount>", says: "default: 0" },
];

const blockGasLimit = 10_000_000_000n;

/** Reads the message that the options name. @throws {NodeError} `copse/option-malformed`, {TypesError}, {CborError} */
export async function readMessage(context: CommandContext): Promise<MessageInput> {
  const file = textFlag(context, "message");
  if (file === undefined) return { message: messageOfOptions(context), rawLength: undefined };
  const bytes = file === "-" ? await all(context.input) : await read(file);
  const first = bytes.find((byte) => byte > 0x20);
  if (first === 0x7b) return messageOfJson(file, new TextDecoder().decode(bytes));
  if (first === 0x82) {
    const signed = decodeSignedMessage(bytes);
    return { message: signed.message, rawLength: storedBytes(signed).length };
  }
  return { message: decodeMessage(bytes), rawLength: undefined };
}

function messageOfOptions(context: CommandContext): GivenMessage {
  const text = (name: string): string | undefined => textFlag(context, name);
  const [from, to] = [text("from"), text("to")];
  if (from === undefined || to === undefined) {
    throw new NodeError("copse/command-malformed", { why: "--message <file> is missing, or --from and --to" });
  }
  return {
    version: 0,
    from: addressOf("--from", from),
    to: addressOf("--to", to),
    nonce: optional(text("nonce"), (value) => integerOf("--nonce", value)),
    value: amountOf("--value", text("value") ?? "0"),
    gasLimit: integerOf("--gas-limit", text("gasLimit") ?? String(blockGasLimit)),
    gasFeeCap: optional(text("gasFeeCap"), (value) => amountOf("--gas-fee-cap", value)),
    gasPremium: amountOf("--gas-premium", text("gasPremium") ?? "0"),
    method: integerOf("--method", text("method") ?? "0"),
    params: bytesOf("--params", text("params") ?? ""),
  };
}

/** @see lotus:chain/types/message.go; numbers may be text too, and beyond 2^53 they must be. */
function messageOfJson(file: string, text: string): MessageInput {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    const why = `not JSON: ${error instanceof Error ? error.message : String(error)}`;
    throw new NodeError("copse/config-malformed", { file, why }, { cause: error });
  }
  const { Signature: signature, Message: inner } = json;
  const fields = (typeof inner === "object" && inner !== null ? inner : json) as Record<string, unknown>;
  const field = (name: string, fallback?: string): string => {
    const value = fields[name];
    if (Number.isSafeInteger(value)) return String(value);
    if (typeof value === "string") return value;
    if (value === undefined || value === null) if (fallback !== undefined) return fallback;
    const why = value === undefined ? `it has no ${name}` : `${name} is no text and no integer up to 2^53`;
    throw new NodeError("copse/config-malformed", { file, why });
  };
  const given = (name: string): string | undefined => (fields[name] === undefined ? undefined : field(name));
  const params = field("Params", "");
  const message: GivenMessage = {
    version: Number(field("Version", "0")),
    from: addressOf("From", field("From")),
    to: addressOf("To", field("To")),
    nonce: optional(given("Nonce"), (value) => integerOf("Nonce", value)),
    value: AttoFil.from(integerOf("Value", field("Value", "0"))),
    gasLimit: integerOf("GasLimit", field("GasLimit", String(blockGasLimit))),
    gasFeeCap: optional(given("GasFeeCap"), (value) => AttoFil.from(integerOf("GasFeeCap", value))),
    gasPremium: AttoFil.from(integerOf("GasPremium", field("GasPremium", "0"))),
    method: integerOf("Method", field("Method", "0")),
    params: bytesOf("Params", `base64:${params}`),
  };
  return { message, rawLength: signedLength(message, signature as Record<string, unknown> | undefined) };
}

/** What a signed message takes on chain; unknown where it is not signed, or not whole. */
function signedLength(message: GivenMessage, signature: Record<string, unknown> | undefined): number | undefined {
  const { nonce, gasFeeCap } = message;
  const { Type: type, Data: data } = signature ?? {};
  if (!isSignatureType(type) || typeof data !== "string") return undefined;
  if (nonce === undefined || gasFeeCap === undefined) return undefined;
  const signed: Signature = { type, data: bytesOf("Signature", `base64:${data}`) };
  return storedBytes({ message: { ...message, nonce, gasFeeCap }, signature: signed }).length;
}

const isSignatureType = (type: unknown): type is Signature["type"] => type === 1 || type === 2 || type === 3;

function optional<T>(text: string | undefined, read: (text: string) => T): T | undefined {
  return text === undefined ? undefined : read(text);
}

function addressOf(option: string, value: string): Address {
  return reading(option, value, "an address, such as f01000 or f1…", () => Address.parse(value));
}

/** An amount as people write it. */
export function amountOf(option: string, value: string): AttoFil {
  return reading(option, value, 'an amount, such as "1.5 FIL" or "100 afil"', () => AttoFil.parse(value));
}

function integerOf(option: string, value: string): bigint {
  if (/^\d{1,40}$/.test(value)) return BigInt(value);
  throw new NodeError("copse/option-malformed", { option, value, expected: "a whole number" });
}

/** Bytes in hex, with or without 0x, or in base64 after `base64:`. */
export function bytesOf(option: string, value: string): Uint8Array {
  return reading(option, value, "bytes in hex, or in base64 after base64:", () => {
    const text = value.startsWith("base64:") ? value.slice(7) : undefined;
    if (text === undefined) return fromHex(value.replace(/^0x/, ""));
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new NodeError("copse/command-malformed", { why: "not base64" });
    return Uint8Array.from(Buffer.from(text, "base64"));
  });
}

function reading<T>(option: string, value: string, expected: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isCopseError(error)) throw error;
    throw new NodeError("copse/option-malformed", { option, value, expected }, { cause: error });
  }
}

async function read(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HostFault("host/store-failed", { operation: `read ${file}`, reason }, { cause: error });
  }
}

async function all(input: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(chunk);
  return Uint8Array.from(Buffer.concat(chunks));
}
