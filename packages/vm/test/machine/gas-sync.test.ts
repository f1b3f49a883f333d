import { Address } from "@copse/types";
import { describe, expect, test } from "vitest";
import type { GasCharge, TraceEntry } from "../../src/gas/trace.ts";
import { actor, call } from "../actors/compile.ts";
import { generations, machineOf } from "./generations.ts";

const charges = (trace: readonly TraceEntry[] | undefined): [string, number][] =>
  (trace ?? [])
    .filter((entry): entry is GasCharge => entry.kind === "charge")
    .map(({ name, milligas }) => [name, milligas]);

describe.each(generations)("gas of WebAssembly and host, network version $networkVersion", (generation) => {
  const { fvm } = generation;
  const traceOf = (body: string) => {
    const { trace, receipt } = machineOf(generation, { body }, { trace: true }).send();
    const found = charges(trace);
    const total = found.reduce((sum, [, milligas]) => sum + milligas, 0);
    expect(BigInt(Math.ceil(total / 1000))).toBe(receipt.gasUsed);
    return found.map(([name, milligas]) => `${name} ${milligas / 1000}`);
  };

  test("every call of the host is charged for in order, what ran before it first", () => {
    const start =
      fvm === 2
        ? ["OnChainMessage 215663", "OnMethodInvocation 23856"]
        : ["OnChainMessage 690663", "OnMethodInvocation 75000", "wasm_memory_init 26214.4", "wasm_exec 0"];
    // thunk and function: (local.get, 12 of the limiter, call) and what stands in the body
    expect(traceOf(`(drop ${call("debug.enabled", 512)}) (i32.const 0)`)).toEqual([
      ...start,
      "wasm_exec 68",
      "OnSyscall 14000",
      "wasm_exec 0",
      ...(fvm === 2 ? ["OnChainReturnValue 0"] : []),
    ]);
  });

  test("without room for the result, since FVM 3 what ran before is paid for twice", () => {
    const twice = `(drop ${call("debug.enabled", -1)}) (drop ${call("debug.enabled", 512)}) (i32.const 0)`;
    const execs = traceOf(twice).filter((line) => line.startsWith("wasm_exec"));
    // 76 = 56 of the thunk, two calls and three constants, all in one block
    expect(execs.slice(fvm === 2 ? 0 : 1)).toEqual(
      fvm === 2 ? ["wasm_exec 76", "wasm_exec 0", "wasm_exec 0"] : ["wasm_exec 76", "wasm_exec 76", "wasm_exec 0"],
    );
  });

  test("memory that grows is charged for where it does, and shown apart", () => {
    const lines = traceOf(`(drop (memory.grow (i32.const 2))) (drop ${call("debug.enabled", 512)}) (i32.const 0)`);
    const grown = lines.filter((line) => line.startsWith("wasm_memory_grow"));
    expect(grown).toEqual(fvm === 2 ? [] : ["wasm_memory_grow 52428.8"]);
  });

  test("an actor that exits is charged for what it ran, once", () => {
    const lines = traceOf(`(drop ${call("debug.enabled", 512)}) ${call("exit", 40)}`);
    expect(lines.filter((line) => line.startsWith("wasm_exec")).at(-1)).toBe("wasm_exec 0");
  });

  test("a trace changes no result", () => {
    const text = {
      body: `(drop ${call("send.send", 512, 3000, 3, 2n, 0, 0n, 0n, ...(fvm === 2 ? [] : [-1n, 0n]))}) (i32.const 0)`,
      data: { 3000: Address.id(201) },
    };
    const actors = { 201: { code: actor(fvm, { body: "(i32.const 0)" }) } };
    const [plain, traced] = [false, true].map((trace) => machineOf(generation, text, { trace, actors }).send());
    expect(traced?.receipt).toEqual(plain?.receipt);
    expect(plain?.trace).toBeUndefined();
  });

  test("a mistake of ours, or of who answers, is no receipt", () => {
    const externs = {
      verifyConsensusFault: () => {
        throw new TypeError("a mistake");
      },
    };
    const body = `(drop ${call("crypto.verify_consensus_fault", 512, 0, 0, 0, 0, 0, 0)}) (i32.const 0)`;
    expect(() => machineOf(generation, { body }, { externs }).send()).toThrow(TypeError);
  });
});
