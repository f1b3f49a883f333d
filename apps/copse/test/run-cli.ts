import { Readable } from "node:stream";
import { createCli } from "../src/cli.ts";

/** What a command printed and how it ended. */
export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** The JSON documents on stdout. */
  readonly events: readonly Record<string, unknown>[];
  /** What it wrote to stdout as bytes. */
  readonly bytes: Buffer;
}

/** A command that runs on: its events as they come, and its end. */
export interface RunningCli {
  /** Resolves with the first event of that name. */
  event(name: string): Promise<Record<string, unknown>>;
  /** The JSON documents on stdout so far. */
  readonly events: readonly Record<string, unknown>[];
  stop(): void;
  readonly done: Promise<CliRun>;
}

/** Starts a command in this process, with nothing on its standard input. */
export const startCli = (...args: string[]): RunningCli => startCliOn([], ...args);

/** Starts a command in this process, with these chunks, or what a stream gives, on its standard input. */
export function startCliOn(input: readonly Uint8Array[] | Readable, ...args: string[]): RunningCli {
  const stop = new AbortController();
  const printed = { out: "", err: "" };
  const bytes: Buffer[] = [];
  const events: Record<string, unknown>[] = [];
  const waiting = new Map<string, (event: Record<string, unknown>) => void>();
  const cli = createCli({
    version: "0.0.0-test",
    environment: { COPSE_MODULES_DIR: "none" }, // nothing is kept between tests
    out: {
      write(text) {
        printed.out += text;
        for (const line of text.split("\n")) {
          if (!line.startsWith("{")) continue;
          const event = JSON.parse(line) as Record<string, unknown>;
          events.push(event);
          waiting.get(String(event["event"]))?.(event);
        }
      },
    },
    err: {
      write(text) {
        printed.err += text;
      },
    },
    input: input instanceof Readable ? input : Readable.from(input),
    async writeBytes(chunk) {
      bytes.push(Buffer.from(chunk));
    },
    terminal: false,
    signal: stop.signal,
  });
  const done = cli(args).then((code) => ({ code, ...printed, events, bytes: Buffer.concat(bytes) }));
  return {
    event: (name) =>
      new Promise((resolve, reject) => {
        const seen = events.find((event) => event["event"] === name);
        if (seen !== undefined) resolve(seen);
        waiting.set(name, resolve);
        void done.then(({ code, out, err }) => reject(new Error(`ended with ${code} before "${name}": ${out}${err}`)));
      }),
    events,
    stop: () => stop.abort(new Error("the test is over")),
    done,
  };
}

/** Runs a command to its end. */
export const runCli = (...args: string[]): Promise<CliRun> => startCli(...args).done;

/** Runs a command to its end, with these chunks on its standard input. */
export const runCliOn = (input: readonly Uint8Array[], ...args: string[]): Promise<CliRun> =>
  startCliOn(input, ...args).done;
