import { stateJson } from "@copse/state/path";
import type { ProvenRead } from "@copse/state/proof";
import type { CommandContext } from "../commands/command.ts";
import { toJson } from "../output.ts";

/** A value as commands print it. */
export interface ReadJson {
  readonly path: string;
  readonly found: boolean;
  /** Where the path ends in nothing: how much of it. */
  readonly absent?: string;
  readonly value: unknown;
}

/** What a command has read, and what it rests on. */
export interface ReadsAnswer extends Readonly<Record<string, unknown>> {
  readonly reads: readonly ReadJson[];
}

/** Values as JSON. Integers that JSON's numbers do not hold are text. */
export function readsJson(reads: readonly ProvenRead[], prefix: "f" | "t"): ReadJson[] {
  return reads.map(({ path, reading }) => ({
    path,
    found: reading.kind !== "absent",
    ...(reading.kind === "absent" ? { absent: reading.at } : {}),
    value: JSON.parse(stateJson(reading, path, prefix), keepDigits as Reviver),
  }));
}

/** The form that TypeScript knows: without what a value was written as. */
type Reviver = (key: string, value: unknown) => unknown;

/** Keeps an integer past 2^53 as its digits. */
function keepDigits(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  const isLong = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
  return isLong && source !== undefined && /^-?\d+$/.test(source) ? source : value;
}

/** Prints what was read: one document, or, for people, each value under its path, and what it rests on at the end. */
export function answerReads({ output }: CommandContext, answer: ReadsAnswer): void {
  const { reads, ...rest } = answer;
  output.answer(answer, () => {
    const values = reads.map(({ path, found, absent, value }) =>
      found ? `${path}: ${toJson(value, 2)}` : `${path}: nothing, there is no ${absent}`,
    );
    return [...values, ...Object.entries(rest).map(([name, value]) => `${name}: ${line(value)}`)].join("\n");
  });
}

const line = (value: unknown): string => (typeof value === "string" ? value : toJson(value));
