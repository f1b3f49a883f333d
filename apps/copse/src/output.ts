import { isCopseError } from "@copse/primitives";

/** Where a command's data goes: one JSON document a line with `--json`, else sentences. Talk goes to stderr. */
export interface Output {
  readonly json: boolean;
  /** A thing that happened: `{"event": name, …facts}`, or the sentence. */
  event(name: string, facts: Readonly<Record<string, unknown>>, sentence?: string): void;
  /** The answer of a query: the JSON document, or its text. */
  answer(document: unknown, text: () => string): void;
  /** Talk for people, never data. */
  talk(text: string): void;
}

/** Something that takes text: a process's stream, or a test's list. */
export interface TextSink {
  write(text: string): unknown;
}

/**
 * An output on two streams.
 *
 * @example
 * createOutput({ json: true, out: process.stdout, err: process.stderr }).event("listening", { addresses: [] })
 */
export function createOutput(given: { json: boolean; out: TextSink; err: TextSink }): Output {
  const { json, out, err } = given;
  return {
    json,
    event(name, facts, sentence) {
      if (json) out.write(`${toJson({ event: name, ...facts })}\n`);
      else if (sentence !== undefined) out.write(`${sentence}\n`);
    },
    answer(document, text) {
      out.write(json ? `${toJson(document)}\n` : `${text()}\n`);
    },
    talk(text) {
      err.write(`${text}\n`);
    },
  };
}

/** JSON of values that JSON has no form for: bigints as decimal text, bytes as base64, CIDs as Lotus has them. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    function (this: Record<string, unknown>, key, inner: unknown) {
      const bytes = this[key]; // a Buffer has made an object of itself by now
      if (bytes instanceof Uint8Array) return Buffer.from(bytes).toString("base64");
      if (typeof inner === "bigint") return inner.toString();
      if (inner instanceof Map) return Object.fromEntries(inner);
      return inner;
    },
    indent,
  );
}

/** The facts of an error as plain data: its code, sentence and what it found. */
export function errorFacts(error: unknown): Record<string, unknown> {
  if (!isCopseError(error))
    return { code: "copse/bug", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  return { code: error.code, message: error.message, facts: error.facts };
}
