import type { AttoFil } from "@copse/types";
import { describe, expect, test } from "vitest";
import { call, compile } from "../actors/compile.ts";
import { generations, laterGenerations, machineOf } from "./generations.ts";
import { funds, senderId, target } from "./test-machine.ts";

describe.each(generations)("ends of actors, network version $networkVersion", (generation) => {
  const { fvm } = generation;

  test("an actor may exit with codes of users only", () => {
    for (const [code, expected] of [
      [1, 9],
      [15, 9],
      [16, 16],
      [0x42, 0x42],
      [-1, 0xffffffff],
      [0, fvm === 2 ? 9 : 0],
    ] as const) {
      const { receipt, failure } = machineOf(generation, { body: call("exit", code) }).send();
      expect(receipt.exitCode).toBe(expected);
      expect(failure === undefined).toBe(expected === 0);
    }
  });

  test("its message is for people, and may be anywhere", () => {
    const say = (at: number, length: number): string =>
      fvm === 2 ? call("vm.abort", 40, at, length) : call("vm.exit", 40, 0, at, length);
    const data = { 2048: new TextEncoder().encode("no cheese") };
    const { receipt, failure } = machineOf(generation, { body: say(2048, 9), data }).send();
    expect(receipt.exitCode).toBe(40);
    expect(failure?.frames[0]).toMatchObject({ source: target, method: 2n, exitCode: 40, message: "no cheese" });
    expect(machineOf(generation, { body: say(65_530, 100) }).send().receipt.exitCode).toBe(40);
    const long = machineOf(generation, { body: say(0, 60_000) }).send().failure?.frames[0]?.message ?? "";
    expect(long.length).toBeLessThan(1100);
  });

  test("the cause of a failure is the last syscall that failed", () => {
    const body = `(drop ${call("ipld.block_stat", 512, 9)}) ${call("exit", 40)}`;
    expect(machineOf(generation, { body }).send().failure?.cause).toMatchObject({
      kind: "syscall",
      module: "ipld",
      name: "block_stat",
      error: "InvalidHandle",
    });
    const healed = `(drop ${call("ipld.block_stat", 512, 9)}) (drop ${call("debug.enabled", 512)}) ${call("exit", 40)}`;
    expect(machineOf(generation, { body: healed }).send().failure?.cause).toBeUndefined();
  });

  test("a block that is returned must be there", () => {
    const { receipt } = machineOf(generation, { body: "(i32.const 77)" }).send();
    expect(receipt).toMatchObject({ exitCode: 11, returnData: new Uint8Array(0) });
  });

  test("traps are illegal instructions, and what was sent is taken back", () => {
    const traps = [
      "(unreachable)",
      "(i32.div_u (i32.const 1) (i32.const 0))",
      "(i32.div_s (i32.const 0x80000000) (i32.const -1))",
      "(i32.load (i32.const 65536))",
      "(i32.trunc_f64_s (f64.const 1e30))",
      "(call_indirect (type $none) (i32.const 0)) (i32.const 0)",
      "(call_indirect (type $none) (i32.const 5)) (i32.const 0)",
      "(call_indirect (type $none) (i32.const 1)) (i32.const 0)",
      "(memory.copy (i32.const 65530) (i32.const 0) (i32.const 7)) (i32.const 0)",
      "(call $endless) (i32.const 0)",
    ];
    const more = `(type $none (func)) (table 3 3 funcref) (elem (i32.const 1) $other)
      (func $other (param i32)) (func $endless (call $endless))`;
    for (const body of traps) {
      const { send, state } = machineOf(generation, { body, more });
      const { receipt, refund } = send({ value: 5n as AttoFil });
      expect([body, receipt.exitCode]).toEqual([body, 4]);
      expect(receipt.gasUsed < 10_000_000_000n).toBe(true);
      expect(refund > 0n).toBe(true);
      expect(state().getActor(target)?.balance).toBe(funds);
    }
  });

  test("an endless loop uses all gas", () => {
    const { receipt } = machineOf(generation, { body: "(loop $on (br $on)) (i32.const 0)" }).send({
      gasLimit: 20_000_000n,
    });
    expect(receipt).toMatchObject({ exitCode: 7, gasUsed: 20_000_000n });
  });

  test("code without memory, or with unknown imports, is fatal: all gas is used", () => {
    const gasLimit = 1_000_000_000n;
    const bodies = [
      '(module (func (export "invoke") (param i32) (result i32) (i32.const 0)))',
      `(module (import "moon" "cheese" (func (result i32))) (memory (export "memory") 1)
        (func (export "invoke") (param i32) (result i32) (i32.const 0)))`,
      `(module (import "self" "root" (func (param i32 i32) (result i32))) (memory (export "memory") 1)
        (func (export "invoke") (param i32) (result i32) (i32.const 0)))`,
      `(module (import "gas" "cheese" (global i64)) (memory (export "memory") 1)
        (func (export "invoke") (param i32) (result i32) (i32.const 0)))`,
    ];
    for (const text of bodies) {
      const { receipt, failure } = machineOf(generation, compile(text)).send({ gasLimit });
      expect([text, receipt.exitCode, receipt.gasUsed]).toEqual([text, 10, gasLimit]);
      expect(failure?.cause?.kind).toBe("fatal");
    }
    expect(machineOf(generation, Uint8Array.of(1, 2, 3)).send({ gasLimit }).receipt.exitCode).toBe(10);
  });

  test("without an entrypoint, it is no receiver since FVM 4, and fatal before", () => {
    const code = compile('(module (memory (export "memory") 1) (func (export "other")))');
    const { receipt } = machineOf(generation, code).send();
    expect(receipt.exitCode).toBe(fvm === 4 ? 5 : 10);
    expect(receipt.gasUsed === 10_000_000_000n).toBe(fvm !== 4);
  });

  test("an entrypoint of another type is fatal, one that is no function is none", () => {
    const memory = '(memory (export "memory") 1)';
    const types = [
      "(param i32 i32) (result i32) i32.const 0",
      "(result i32) i32.const 0",
      "(param i64) (result i32) i32.const 0",
      "(param i32) (result i64) i64.const 0",
      "(param i32)",
      "(param i32) (result f64) f64.const 0",
    ];
    for (const type of types) {
      const code = compile(`(module ${memory} (func (export "invoke") ${type}))`);
      const { receipt } = machineOf(generation, code).send({ gasLimit: 1_000_000_000n });
      expect([type, receipt.exitCode, receipt.gasUsed]).toEqual([type, 10, 1_000_000_000n]);
    }
    const global = compile(`(module ${memory} (func) (global (export "invoke") i32 (i32.const 0)))`);
    expect(machineOf(generation, global).send().receipt.exitCode).toBe(fvm === 4 ? 5 : 10);
  });

  test("a memory without pages will do", () => {
    const code = compile(
      '(module (memory (export "memory") 0) (func (export "invoke") (param i32) (result i32) i32.const 0))',
    );
    expect(machineOf(generation, code).send().receipt.exitCode).toBe(0);
  });

  test("data past the memory's end, and a start function that traps", () => {
    const invoke = '(func (export "invoke") (param i32) (result i32) i32.const 0)';
    const outside = compile(`(module (memory (export "memory") 1) (data (i32.const 65536) "a") ${invoke})`);
    expect(machineOf(generation, outside).send().receipt.exitCode).toBe(fvm === 2 ? 10 : 4);
    const trapping = compile(`(module (memory (export "memory") 1) (func $s (unreachable)) (start $s) ${invoke})`);
    expect(machineOf(generation, trapping).send().receipt.exitCode).toBe(fvm === 2 ? 10 : 4);
    const starting = compile(`(module (memory (export "memory") 1) (func $s (nop)) (start $s) ${invoke})`);
    // FVM 2 has not told the instance of gas when it starts
    expect(machineOf(generation, starting).send().receipt.exitCode).toBe(fvm === 2 ? 10 : 0);
  });

  test("the end of this machine's stack is a fault, in WebAssembly and in the host", () => {
    // deep enough for any stack: each level sends to itself
    const body = `(drop ${
      fvm === 2
        ? call("send.send", 512, 3000, 3, 2n, 0, 0n, 0n)
        : call("send.send", 512, 3000, 3, 2n, 0, 0n, 0n, -1n, 0n)
    }) (i32.const 0)`;
    const { send } = machineOf(generation, { body, data: { 3000: Uint8Array.of(0, 0xc8, 1) } });
    let fault: unknown;
    try {
      descend(() => send());
    } catch (error) {
      fault = error;
    }
    expect(fault).toMatchObject({ code: "host/worker-failed" });
  });

  test("funds of the sender go down by value and fee", () => {
    const { send, state } = machineOf(generation, { body: "(i32.const 0)" });
    const result = send({ value: 1000n as AttoFil });
    const { minerTip, baseFeeBurn, overEstimationBurn, refund } = result;
    expect(minerTip + baseFeeBurn + overEstimationBurn + refund).toBe(200n * 10_000_000_000n);
    const after = state();
    expect(after.getActor(senderId)?.balance).toBe(funds - 1000n - minerTip - baseFeeBurn - overEstimationBurn);
    expect(after.getActor(target)?.balance).toBe(funds + 1000n);
    expect(after.getActor(2n)?.balance).toBe(minerTip);
    expect(after.getActor(99n)?.balance).toBe(baseFeeBurn + overEstimationBurn);
  });
});

/** Uses up most of the stack, then calls. */
function descend(then: () => void): void {
  let deepest = 0;
  const down = (depth: number): void => {
    deepest = depth;
    down(depth + 1);
  };
  try {
    down(0);
  } catch {
    // as deep as it goes
  }
  const again = (depth: number): void => {
    if (depth > 0) again(depth - 1);
    else then();
  };
  again(Math.floor(deepest * 0.6));
}

describe.each(laterGenerations)("data of exits, network version $networkVersion", (generation) => {
  test("a block goes with an exit code, also with 0", () => {
    for (const code of [0, 0x42]) {
      const body = `(drop ${call("ipld.block_create", 512, 0x55n, 2048, 3)})
        ${call("vm.exit", code, "(i32.load (i32.const 512))", 0, 0)}`;
      const { receipt, returnCodec } = machineOf(generation, { body, data: { 2048: Uint8Array.of(7, 8, 9) } }).send();
      expect(receipt).toMatchObject({ exitCode: code, returnData: Uint8Array.of(7, 8, 9) });
      expect(returnCodec).toBe(0x55);
    }
  });

  test("a block that is not there is fatal", () => {
    for (const code of [0, 0x42]) {
      const { receipt } = machineOf(generation, { body: call("vm.exit", code, 5, 0, 0) }).send({
        gasLimit: 1_000_000_000n,
      });
      expect(receipt).toMatchObject({ exitCode: 10, gasUsed: 1_000_000_000n });
    }
  });

  test("an exit out of bounds of system codes keeps its block", () => {
    const body = `(drop ${call("ipld.block_create", 512, 0x55n, 2048, 1)})
      ${call("vm.exit", 3, "(i32.load (i32.const 512))", 0, 0)}`;
    const { receipt } = machineOf(generation, { body, data: { 2048: Uint8Array.of(7) } }).send();
    expect(receipt).toMatchObject({ exitCode: 9, returnData: Uint8Array.of(7) });
  });
});
