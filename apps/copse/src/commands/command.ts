import type { Output } from "../output.ts";

/** What a command is handed. */
export interface CommandContext {
  /** Its arguments in order, those of a list one after another; absent ones are `undefined`. */
  readonly args: readonly (string | undefined)[];
  /** Options that were given on the command line, by camel-cased name. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly output: Output;
  /** Standard input. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Bytes to standard output; resolves when they are taken. */
  readonly writeBytes: (bytes: Uint8Array) => Promise<void>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether progress may be drawn. */
  readonly terminal: boolean;
  readonly signal: AbortSignal;
  readonly version: string;
}

/** An option of a command in commander's form: `--repo <dir>`. */
export interface OptionSpec {
  readonly form: string;
  readonly says: string;
  /** May be given several times. */
  readonly many?: boolean;
}

/** A command as data: help, docs and the parser are made from it. */
export interface CommandSpec {
  readonly name: string;
  readonly says: string;
  readonly takes?: readonly { readonly form: string; readonly says: string }[];
  readonly options: readonly OptionSpec[];
  readonly examples: readonly string[];
  /** Runs it; resolves to the exit code. Errors become exit codes by their consequence. */
  readonly run: (context: CommandContext) => Promise<number>;
}
