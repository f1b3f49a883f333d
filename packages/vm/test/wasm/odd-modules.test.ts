// Modules that no compiler makes, where the forms could part.
import { describe, expect, it } from "vitest";
import { instrument } from "../../src/wasm/instrument.ts";
import { prepare } from "../../src/wasm/prepare.ts";
import { build, empty, i32, i64, s32 } from "./build.ts";
import { type Running, runInstrumented, runPrepared } from "./run.ts";

const plenty = 1n << 62n;
const invalid = (why: RegExp): object =>
  expect.objectContaining({ code: "vm/module-invalid", message: expect.stringMatching(why) });

/** Calls in both forms; `undefined` for a trap. */
function both(bytes: Uint8Array, name: string, ...args: (number | bigint)[]): unknown {
  const seen = [runPrepared, runInstrumented].map((run) => {
    const running: Running = run(bytes, "0.4.0", plenty);
    let result: unknown;
    try {
      result = running.call(name, ...args);
    } catch {
      result = "trap";
    }
    return { result, spent: plenty - (running.gas?.value ?? 0n) };
  });
  expect(seen[0]).toEqual(seen[1]);
  return seen[0];
}

describe("functions that constants refer to", () => {
  // f(n) calls itself n times; "direct" enters it through its thunk, "referred" through a table without one
  const bytes = build({
    types: [[[i32], []]],
    functions: [
      { type: 0, code: [0x20, 0, 0x04, empty, 0x20, 0, 0x41, 1, 0x6b, 0x10, 0, 0x0b] },
      { type: 0, code: [0x41, 0, 0x23, 0, 0x26, 0, 0x20, 0, 0x41, 0, 0x11, 0, 0] },
    ],
    table: [1],
    globals: [[0x70, false, [0xd2, 0]]],
    exports: [
      ["direct", 0, 0],
      ["referred", 0, 1],
    ],
  });
  it("are entered without their height, as in the reference", () => {
    for (const depth of [0, 1, 400, 510, 511, 512, 513, 600]) {
      both(bytes, "direct", depth);
      both(bytes, "referred", depth);
    }
    expect(both(bytes, "direct", 511)).toMatchObject({ result: undefined });
    expect(both(bytes, "direct", 512)).toMatchObject({ result: "trap" });
    expect(both(bytes, "referred", 510)).toMatchObject({ result: undefined });
    expect(both(bytes, "referred", 512)).toMatchObject({ result: "trap" });
  });
  it("are no matter of tool 0.2.0, which has no references", () => {
    expect(() => instrument(bytes, "0.2.0")).toThrow(invalid(/0\.2\.0/));
  });
});

describe("prices past 32 bits", () => {
  const growing = (pages: number, times: number): Uint8Array =>
    build({
      types: [[[], []]],
      functions: [{ type: 0, code: Array.from({ length: times }, () => [0x41, ...s32(pages), 0x40, 0, 0x1a]).flat() }],
      memory: [1, 2],
      exports: [
        ["run", 0, 0],
        ["memory", 2, 0],
      ],
    });
  it("are charged in full", () => {
    const spent = BigInt(26_214_400) * 60_000n * 3n + 6n * 4000n + 52_000n;
    expect(both(growing(60_000, 3), "run")).toEqual({ result: undefined, spent });
  });
  it("run any gas out", () => {
    expect(both(growing(0x7fff_ffff, 100), "run")).toMatchObject({ result: "trap" });
  });
  it("are refused past 64 bits", () => {
    expect(() => prepare(growing(0x7fff_ffff, 400), "0.4.0")).toThrow(invalid(/past 64 bits/));
    expect(() => prepare(growing(-1, 1), "0.4.0")).toThrow(invalid(/below zero/));
    expect(prepare(growing(-1, 1), "0.2.0").exports.has("run")).toBe(true);
  });
});

it("a body that is deep is no matter of the host's stack", () => {
  const depth = 20_000;
  const code = [
    ...Array.from({ length: depth }, () => [0x02, empty]).flat(),
    ...Array.from({ length: depth }, () => 0x0b),
  ];
  const bytes = build({ types: [[[], []]], functions: [{ type: 0, code }], exports: [["run", 0, 0]] });
  both(bytes, "run");
});

it("a return out of blocks takes its height off", () => {
  const bytes = build({
    types: [[[i64], [i64]]],
    functions: [
      { type: 0, code: [0x02, empty, 0x03, empty, 0x20, 0, 0x10, 1, 0x0f, 0x0b, 0x0b, 0x42, 0] },
      { type: 0, code: [0x20, 0, 0x42, 3, 0x7e] },
      // 1000 calls one after another: heights that stayed would add up past the limit
      {
        type: 0,
        locals: [[1, i64]],
        code: [
          ...[0x03, empty, 0x42, 2, 0x10, 0, 0x21, 1],
          ...[0x20, 0, 0x42, 1, 0x7d, 0x22, 0, 0x50, 0x45, 0x0d, 0, 0x0b, 0x20, 1],
        ],
      },
    ],
    exports: [["run", 0, 2]],
  });
  expect(both(bytes, "run", 1000n)).toMatchObject({ result: 6n });
});

it("a copy makes tool 0.2.0 count no higher: it reads the end of the operator as one that ends the code", () => {
  const tall = [...Array.from({ length: 8 }, () => [0x41, 1]).flat(), ...Array.from({ length: 8 }, () => 0x1a)];
  const copy = [0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 0x0a, 0, 0];
  const deepest = (code: number[]): number => {
    const bytes = build({
      types: [[[i32], []]],
      functions: [{ type: 0, code: [...code, 0x20, 0, 0x04, empty, 0x20, 0, 0x41, 1, 0x6b, 0x10, 0, 0x0b] }],
      memory: [1],
      exports: [["run", 0, 0]],
    });
    for (let depth = 600; ; depth -= 1) {
      try {
        runPrepared(bytes, "0.2.0", plenty).call("run", depth);
        return depth;
      } catch {
        if (depth === 0) return -1;
      }
    }
  };
  expect(deepest([...copy, ...tall])).toBe(408); // 5 values a frame: three operands and its own two
  expect(deepest([...tall, ...copy])).toBe(203); // 10
});
