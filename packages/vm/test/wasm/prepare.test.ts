import { describe, expect, it } from "vitest";
import { prepare } from "../../src/wasm/prepare.ts";
import { build, empty, i32, s32 } from "./build.ts";
import { runInstrumented, runPrepared, wasm } from "./run.ts";

const plenty = 1_000_000_000n;

describe("prepare", () => {
  it("says what a module has", () => {
    const prepared = prepare(
      build({
        types: [
          [[i32], [i32]],
          [[0x7e, i32], []],
        ],
        imports: [["debug", "log", 1]],
        functions: [{ type: 0, code: [0x20, 0, 0x40, 0] }],
        table: [7, 7],
        memory: [2, 5],
        exports: [
          ["invoke", 0, 1],
          ["memory", 2, 0],
          ["table", 1, 0],
        ],
      }),
      "0.4.0",
    );
    expect(prepared).toMatchObject({
      gasExport: "copse:gas",
      startExport: undefined,
      memory: { minPages: 2, maxPages: 5 },
      tableElements: 7,
      initTableElements: 7,
      exports: new Set(["invoke", "memory", "table"]),
      imports: [
        { module: "debug", name: "log", params: ["i64", "i32"], results: [] },
        { module: "copse", name: "grow", params: ["i32"], results: ["i32"] },
        { module: "copse", name: "grow_failed", params: [], results: [] },
      ],
    });
  });

  it("finds other names where the actor has ours", () => {
    const prepared = prepare(
      build({ types: [[[], []]], functions: [{ type: 0, code: [] }], exports: [["copse:gas", 0, 0]], start: 0 }),
      "0.4.0",
    );
    expect(prepared.gasExport).toBe("copse:gas'");
    expect(prepared.startExport).toBe("copse:start");
  });

  it("refuses what cannot be linked", () => {
    const bytes = build({ types: [[[], []]], functions: [{ type: 0, code: [] }] });
    // an import section with a memory, before the function section
    const module = Uint8Array.from([...bytes.slice(0, 14), 2, 8, 1, 1, 0x61, 1, 0x62, 2, 0, 1, ...bytes.slice(14)]);
    expect(wasm.validate(module)).toBe(true);
    expect(() => prepare(module, "0.4.0")).toThrowError(/imports other than functions/);
    const own = build({ types: [[[], []]], imports: [["copse", "grow", 0]], functions: [{ type: 0, code: [] }] });
    expect(() => prepare(own, "0.4.0")).toThrowError(/imports from copse/);
  });
});

describe("prepared code", () => {
  it("charges the actor that does nothing as the reference does", () => {
    const placeholder = build({
      types: [[[i32], [i32]]],
      functions: [{ type: 0, code: [0x41, 0] }],
      memory: [16],
      exports: [
        ["invoke", 0, 0],
        ["memory", 2, 0],
      ],
    });
    const running = runPrepared(placeholder, "0.4.0", plenty);
    expect(running.call("invoke", 1)).toBe(0);
    expect(running.gas?.value).toBe(plenty - 60_000n);
  });

  const recursive = build({
    types: [[[i32], []]],
    functions: [{ type: 0, code: [0x20, 0, 0x04, empty, 0x20, 0, 0x41, 1, 0x6b, 0x10, 0, 0x0b] }],
    exports: [["invoke", 0, 0]],
  });
  it.each(["0.2.0", "0.4.0"] as const)("stops recursion at the reference's depth under %s", (rules) => {
    const deepest = (run: typeof runPrepared | typeof runInstrumented): number => {
      let low = 0;
      let high = 4096;
      while (high - low > 1) {
        const depth = (low + high) >> 1;
        try {
          run(recursive, rules, plenty).call("invoke", depth);
          low = depth;
        } catch {
          high = depth;
        }
      }
      return low;
    };
    expect(deepest(runPrepared)).toBe(deepest(runInstrumented));
    expect(deepest(runPrepared)).toBe(511); // frames of 4 values: two operands and the frame's own two
  });

  it("runs the start function with gas", () => {
    const module = build({
      types: [[[], []]],
      functions: [{ type: 0, code: [0x41, ...s32(8), 0x41, ...s32(42), 0x36, 2, 0] }],
      memory: [1],
      exports: [["memory", 2, 0]],
      start: 0,
    });
    const running = runPrepared(module, "0.4.0", plenty);
    expect(new Uint8Array(running.memory?.buffer ?? new ArrayBuffer(0))[8]).toBe(42);
    expect(running.gas?.value).toBe(plenty - 52_000n - 12_000n);
  });

  const grower = build({
    types: [[[i32], [i32]]],
    functions: [{ type: 0, code: [0x20, 0, 0x40, 0] }],
    memory: [1, 4],
    exports: [
      ["grow", 0, 0],
      ["memory", 2, 0],
    ],
  });
  it("charges for memory before it asks for it, and takes no for an answer", () => {
    const running = runPrepared(grower, "0.4.0", plenty);
    expect(running.call("grow", 2)).toBe(1);
    const once = 2n * 26_214_400n + 64_000n;
    expect(running.gas?.value).toBe(plenty - once);
    expect(running.call("grow", 2)).toBe(-1);
    expect(running.gas?.value).toBe(plenty - 2n * once);
    expect(runPrepared(grower, "0.4.0", plenty, {}, 2).call("grow", 2)).toBe(-1);
    const poor = runPrepared(grower, "0.4.0", 1_000_000n);
    expect(() => poor.call("grow", 2)).toThrow(wasm.RuntimeError);
    expect(poor.gas?.value).toBe(1_000_000n - once);
    expect(poor.memory?.buffer.byteLength).toBe(65_536);
  });
  it("charges nothing by the page under 0.2.0", () => {
    const running = runPrepared(grower, "0.2.0", plenty);
    expect(running.call("grow", 2)).toBe(1);
    expect(running.gas?.value).toBe(plenty - 64_000n);
  });
  it("tells the host when memory it allowed is not to be had", () => {
    const lax = build({
      types: [[[i32], [i32]]],
      functions: [{ type: 0, code: [0x20, 0, 0x40, 0] }],
      memory: [1],
      exports: [
        ["grow", 0, 0],
        ["memory", 2, 0],
      ],
    });
    const prepared = prepare(lax, "0.2.0");
    const copse = { grow: () => 1, grow_failed: () => expect.fail("told") };
    const { exports } = new wasm.Instance(new wasm.Module(prepared.bytes), { copse });
    (exports[prepared.gasExport] as { value: bigint }).value = plenty;
    expect(() => (exports["grow"] as (pages: number) => number)(70_000)).toThrowError("told");
  });

  it("gives every NaN of arithmetic one pattern", () => {
    const bits = (code: number[]): bigint => {
      const module = build({
        types: [[[], [0x7e]]],
        functions: [{ type: 0, code: [...code, 0xbd] }],
        exports: [["bits", 0, 0]],
      });
      return BigInt.asUintN(64, runPrepared(module, "0.4.0", plenty).call("bits") as bigint);
    };
    const odd = [0x44, 1, 0, 0, 0, 0, 0, 0xf4, 0xff]; // a signalling NaN below zero
    const one = [0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f];
    const canonical = 0x7ff8_0000_0000_0000n;
    for (const unary of [0x9b, 0x9c, 0x9d, 0x9e, 0x9f]) expect(bits([...odd, unary])).toBe(canonical);
    for (const binary of [0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5]) {
      expect(bits([...one, ...odd, binary])).toBe(canonical);
      expect(bits([...odd, ...one, binary])).toBe(canonical);
    }
    expect(bits([...odd, 0xb6, 0xbb])).toBe(canonical); // narrower and back
    expect(bits(odd)).toBe(0xfff4_0000_0000_0001n);
    expect(bits([...odd, 0x99])).toBe(0x7ff4_0000_0000_0001n);
    expect(bits([...odd, 0x9a])).toBe(0x7ff4_0000_0000_0001n);
    expect(bits([...odd, ...one, 0xa6])).toBe(0x7ff4_0000_0000_0001n);
    expect(bits([...one, ...one, 0xa0])).toBe(0x4000_0000_0000_0000n);
  });
});
