import { appendFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Corpus } from "./corpus.ts";
import { Coverage } from "./coverage.ts";
import { mutate, seeded } from "./mutate.ts";

/** How long one fuzz target runs: `COPSE_FUZZ_SECONDS` of CPU time, or a quarter of a second in a plain test run. */
export const fuzzSeconds: number = Number(process.env["COPSE_FUZZ_SECONDS"] ?? 0.25);

/** No input may take longer, in seconds of CPU time; the slowest known takes a hundredth. */
const inputSeconds = 5;
/** No target may take more memory than this beyond what the process had when it began. */
const memoryBytes = 1 << 30;
const batchInputs = 256;

/** A decoder under test: returns, or throws what is allowed. */
export type FuzzTarget = (bytes: Uint8Array) => unknown;

/**
 * A fuzz target: `run` gets damaged seeds and random bytes until the budget is spent. It must return, or throw (or
 * reject with) an error that `allowed` accepts; anything else fails with the input in hex.
 *
 * The inputs of `test/corpus/<target>.txt` run first. A run with `COPSE_FUZZ_SECONDS` is guided: inputs that reach a
 * block of the sources that none reached before join the corpus, and are mutated further; one that takes more than 5 s
 * of CPU time, or growth of the process by more than 1 GiB, fails. `npm run fuzz` runs all targets so and keeps what it
 * finds.
 */
export function fuzz(
  name: string,
  seeds: readonly Uint8Array[],
  run: FuzzTarget,
  allowed: (error: unknown) => boolean,
): void {
  it(`fuzz: ${name}`, { timeout: fuzzSeconds * 20_000 + 600_000 }, async () => {
    // a target's whole name tells targets of one file apart that run in several settings
    const title = (expect.getState().currentTestName ?? name).replaceAll("fuzz: ", "");
    const corpus = new Corpus(title);
    const isGuided = process.env["COPSE_FUZZ_SECONDS"] !== undefined;
    const task = {
      name: title,
      seeds,
      run,
      allowed,
      corpus,
      random: seeded(Number(process.env["COPSE_FUZZ_SEED"] ?? 1)),
    };
    for (const [at, input] of [...seeds, ...corpus.inputs].entries()) await attempt(task, input, `kept input ${at}`);
    const count = isGuided ? await runGuided(task) : await runPlain(task);
    const log = process.env["COPSE_FUZZ_LOG"];
    if (log === undefined) return;
    const file = process.env["COPSE_FUZZ_FILE"];
    const row = { file, target: title, inputs: count, kept: corpus.inputs.length, seconds: fuzzSeconds };
    appendFileSync(log, `${JSON.stringify(row)}\n`);
  });
}

interface Task {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  readonly run: FuzzTarget;
  readonly allowed: (error: unknown) => boolean;
  readonly corpus: Corpus;
  readonly random: () => number;
}

async function runPlain(task: Task): Promise<number> {
  const until = performance.now() + fuzzSeconds * 1000;
  let count = 0;
  for (; count < 100 || performance.now() < until; count++) await attempt(task, next(task, count), `input ${count}`);
  return count;
}

async function runGuided(task: Task): Promise<number> {
  const coverage = Coverage.start((url) => url.includes("/src/") && !url.includes("/testkit/"));
  const memory = process.memoryUsage.rss();
  const start = cpuSeconds();
  let count = 0;
  try {
    for (const input of [...task.seeds, ...task.corpus.inputs]) await attempt(task, input, "a kept input");
    coverage.reachedNew();
    while (cpuSeconds() - start < fuzzSeconds) {
      const batch = Array.from({ length: batchInputs }, (_, at) => next(task, count + at));
      for (const [at, input] of batch.entries()) {
        const before = cpuSeconds();
        await attempt(task, input, `input ${count + at}`);
        const took = cpuSeconds() - before;
        if (took > inputSeconds) throw new Error(`${task.name}: ${took.toFixed(1)} s for ${hex(input)}`);
      }
      count += batch.length;
      if (coverage.reachedNew(true)) {
        for (const input of batch) {
          await attempt(task, input, "an input run again");
          if (coverage.reachedNew()) task.corpus.add(input);
        }
      }
      await new Promise((turn) => setImmediate(turn)); // what Node frees at the end of a turn is no growth
      const grown = process.memoryUsage.rss() - memory;
      if (grown > memoryBytes)
        throw new Error(`${task.name}: the process grew by ${grown >> 20} MiB in ${count} inputs`);
    }
  } finally {
    coverage.stop();
    task.corpus.save();
  }
  return count;
}

/** One input of eight is random bytes, the others are damaged seeds and kept inputs. */
function next({ seeds, corpus, random }: Task, count: number): Uint8Array {
  if (count % 8 === 7) {
    return Uint8Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256));
  }
  const useKept = corpus.inputs.length > 0 && random() < 0.5;
  return mutate(useKept ? corpus.inputs : seeds, random);
}

async function attempt(task: Task, bytes: Uint8Array, which: string): Promise<void> {
  try {
    const answer = task.run(bytes);
    if (answer instanceof Promise) await answer;
  } catch (error) {
    if (task.allowed(error)) return;
    task.corpus.add(bytes);
    task.corpus.save();
    throw new Error(`${which} of ${task.name} broke it: ${hex(bytes)}`, { cause: error });
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 2000)).toString("hex");
}
