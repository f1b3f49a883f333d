import { Address } from "@copse/types";
import { describe, expect, test } from "vitest";
import { MemoryLimiter } from "../../src/call-manager/memory-limiter.ts";
import { rulesOf } from "../../src/machine/rules.ts";
import { actor, answers, call, compile } from "../actors/compile.ts";
import { generations, laterGenerations, machineOf, numbers } from "./generations.ts";

const pagesOf512MiB = 8192;
/** Growth is charged: 26,214 gas a page. */
const gasLimit = 10_000_000_000n;

describe.each(generations)("memory of network version $networkVersion", (generation) => {
  const { fvm } = generation;

  test("it grows, and syscalls see all of it", () => {
    const body = `${answers(
      "(memory.grow (i32.const 3))",
      call("ipld.block_create", 512, fvm === 2 ? 0x71n : 0x55n, 262_000, 144),
      call("ipld.block_create", 512, fvm === 2 ? 0x71n : 0x55n, 262_000, 145),
      "(memory.grow (i32.const 0))",
      "(memory.size)",
    )} (call $return (i32.const 20))`;
    expect(numbers(machineOf(generation, { body }).send().receipt.returnData)).toEqual([1, 0, 1, 4, 4]);
  });

  test("no further than it declares", () => {
    const body = `${answers("(memory.grow (i32.const 2))", "(memory.grow (i32.const 1))", "(memory.grow (i32.const 1))")}
      (call $return (i32.const 12))`;
    const { receipt } = machineOf(generation, { body, pages: "1 3" }).send();
    expect(numbers(receipt.returnData)).toEqual([1, 0xffffffff, 0xffffffff]);
  });
});

describe.each(laterGenerations)("limits of memory of network version $networkVersion", (generation) => {
  const { fvm } = generation;

  test("an instance has 512 MiB", () => {
    const body = `${answers(
      `(memory.grow (i32.const ${pagesOf512MiB - 1}))`,
      "(memory.grow (i32.const 1))",
      "(memory.size)",
    )} (call $return (i32.const 12))`;
    expect(numbers(machineOf(generation, { body }).send({ gasLimit }).receipt.returnData)).toEqual([
      1,
      0xffffffff,
      pagesOf512MiB,
    ]);
  });

  test("calls that are open have 2 GiB together, and get back what ended calls had", () => {
    // each level takes 400 MiB, as many times as it is told, and sends on
    const to = Address.id(200);
    const body = `
      (drop ${call("vm.message_context", 2048)})
      (local.set $i (memory.grow (i32.const 6400)))
      (if (i32.eq (local.get $i) (i32.const -1)) (then (drop ${call("exit", 77)})))
      (local.set $n (i64.load (i32.const 2080)))
      (if (i64.gt_u (local.get $n) (i64.const 1)) (then
        (drop (call $send.send (i32.const 512) (i32.const 3000) (i32.const ${to.length})
          (i64.sub (local.get $n) (i64.const 1)) (i32.const 0) (i64.const 0) (i64.const 0) (i64.const -1) (i64.const 0)))
        (drop ${call("exit", "(i32.add (i32.const 100) (i32.load (i32.const 512)))")})))
      (i32.const 0)`;
    const code = actor(fvm, { body, data: { 3000: to } });
    const levels = (method: bigint): number => machineOf(generation, code).send({ gasLimit, method }).receipt.exitCode;
    expect(levels(1n)).toBe(0);
    expect(levels(2n)).toBe(100);
    expect(levels(6n)).toBe(577); // the sixth cannot have it, and each above adds 100
  });

  test("a module that needs more than it may have is no code", () => {
    const code = compile(`(module (memory (export "memory") ${pagesOf512MiB + 1})
      (func (export "invoke") (param i32) (result i32) i32.const 0))`);
    expect(machineOf(generation, code).send({ gasLimit }).receipt.exitCode).toBe(10);
  });
});

describe("the limiter", () => {
  test("counts growth past an instance's own limit, and not past the declared maximum", () => {
    const limiter = new MemoryLimiter(rulesOf(4));
    expect(limiter.take(1, 10)).toBe(true);
    expect(limiter.used).toBe(65_536 + 80);
    expect(limiter.grow(1, 3, 3)).toBe(false);
    expect(limiter.used).toBe(65_536 + 80);
    expect(limiter.grow(1, 0, 3)).toBe(true);
    expect(limiter.grow(1, pagesOf512MiB, 65_536)).toBe(false);
    expect(limiter.used).toBe(65_536 + 80 + 512 * 2 ** 20);
    expect(limiter.grow(1, 30_000, 65_536)).toBe(false);
    expect(limiter.used).toBe(65_536 + 80 + 512 * 2 ** 20);
  });

  test("knows no limit in FVM 2", () => {
    const limiter = new MemoryLimiter(rulesOf(2));
    expect(limiter.grow(1, 65_535, 65_536)).toBe(true);
    expect(limiter.grow(1, 65_536, 65_536)).toBe(false);
  });
});
