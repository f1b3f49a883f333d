import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import type { InstrumentRules } from "../../src/wasm/rules.ts";
import { interpret } from "./interpreter.ts";
import { type RandomModule, randomModule } from "./random-module.ts";
import { type Running, runInstrumented, runPlain, runPrepared, wasm } from "./run.ts";

/** `COPSE_MODULES` modules of each of four kinds; the full 10,000 take some minutes. */
const count = Number(process.env["COPSE_MODULES"] ?? 300) / 4;
const plenty = 1n << 60n;
const args = [7, -3n] as const;

interface Seen {
  result: number | bigint | undefined;
  memory: string;
  log: number[];
  /** The counter when `env.log` is called. */
  gasAtLog: (bigint | undefined)[];
  gas: bigint | undefined;
}

/** Runs "run" in one of the forms. */
function watch(start: (imports: Record<string, Record<string, unknown>>) => Running): Seen {
  const log: number[] = [];
  const gasAtLog: (bigint | undefined)[] = [];
  const answer = (value: number): number => {
    log.push(value);
    gasAtLog.push(running.gas?.value);
    return logged(value);
  };
  const running = start({ env: { log: answer } });
  let result: number | bigint | undefined;
  try {
    result = running.call("run", ...args) as bigint;
  } catch (error) {
    if (!(error instanceof wasm.RuntimeError)) throw error;
  }
  const memory = Buffer.from(running.memory?.buffer ?? new ArrayBuffer(0)).toString("latin1");
  return { result, memory, log, gasAtLog, gas: running.gas?.value };
}

const logged = (value: number): number => Math.imul(value, 31) ^ 5;

function check({
  module,
  rules,
  floats,
  random,
}: {
  module: RandomModule;
  rules: InstrumentRules;
  floats: boolean;
  random: () => number;
}): boolean {
  const expected = interpret(module, rules === "0.2.0", args, logged);
  if (expected === undefined) return false;
  const { bytes } = module;
  const plain = watch((imports) => runPlain(bytes, imports));
  const instrumented = watch((imports) => runInstrumented(bytes, rules, plenty, imports));
  const prepared = watch((imports) => runPrepared(bytes, rules, plenty, imports));
  expect({ ...instrumented, gas: undefined, gasAtLog: [] }).toEqual({ ...plain, gasAtLog: [] });
  if (!floats) expect(prepared).toEqual(instrumented);
  const { result, log, memory } = prepared;
  expect({ result, log, memory }).toEqual({
    result: expected.result,
    log: expected.log,
    memory: Buffer.from(expected.memory).toString("latin1"),
  });
  const spent = plenty - (prepared.gas as bigint);
  if (result !== undefined && module.isExact) expect(spent).toBe(expected.milligas);
  else expect(spent).toBeGreaterThanOrEqual(expected.milligas); // a block is paid for before it traps
  if (floats) return result !== undefined;
  // out of gas: at the same point, with the same left
  const limit = BigInt(Math.floor(random() * Number(spent)));
  const short = watch((imports) => runPrepared(bytes, rules, limit, imports));
  expect(short).toEqual(watch((imports) => runInstrumented(bytes, rules, limit, imports)));
  expect(short.gas).toBeLessThan(0n);
  return result !== undefined;
}

describe.each(["0.2.0", "0.4.0"] as const)("random modules under %s", (rules) => {
  it.each([false, true])(
    "compute and charge as an interpreter does, with floats %s",
    { timeout: 3_600_000 },
    (floats) => {
      let ended = 0;
      for (let seed = 0; seed < count; seed++) {
        const random = seeded(seed * 4 + (floats ? 2 : 0) + (rules === "0.2.0" ? 1 : 0));
        const module = randomModule({ random, isNew: rules === "0.4.0", floats });
        try {
          if (check({ module, rules, floats, random })) ended++;
        } catch (error) {
          throw new Error(`seed ${seed}: ${Buffer.from(module.bytes).toString("hex")}`, { cause: error });
        }
      }
      expect(ended).toBeGreaterThan(count / 3); // the rest traps or runs too long
    },
  );
});
