import { expect, it } from "vitest";
import { build, f32, f64, i32, i64 } from "./build.ts";
import { binary, Trap, unary, type Value } from "./numeric.ts";
import { computed, computedNew } from "./operator-table.ts";
import { runPrepared, wasm } from "./run.ts";

// Odd numbers, floats as bits: signs, ends of ranges, halves, infinities, NaNs quiet and signalling, values that round twice.
const words = [
  0x3f80_0000, 0x7f80_0000, 0x7fc0_0001, 0x7f80_0001, 0, 0x3f00_0000, 0x3fc0_0000, 0x4020_0000, 0x4b00_0001,
  0x5f00_0000, 1, -1, 7, 0x7fff_ffff, 100, 0x4eff_ffff, 0x4f80_0000, -0x4100_0000, -0x80_0000, -0x40_0000, -0x8000_0000,
  -0x30ff_ffff,
];
const longs = [
  0x3ff0n << 48n,
  -0x4020n << 48n,
  0x7ff0n << 48n,
  -0x10n << 48n,
  0x7ff8_0000_0000_0001n,
  -0xf_ffff_ffff_ffffn,
  0n,
  -(1n << 63n),
  0x3fe0n << 48n,
  0x3ff8n << 48n,
  0x4004n << 48n,
  0x43df_ffff_ffff_ffffn,
  -0x3e20_0000_0040_0000n,
  0x41ef_ffff_ffe0_0000n,
  1n,
  -1n,
  7n,
  (1n << 63n) - 1n,
  -0x7fff_ff7f_ffff_ffffn,
  0x4000_0040_0000_0001n,
  -0x80_0000_0001n,
];
const valuesOf: Readonly<Record<number, readonly Value[]>> = { [i32]: words, [f32]: words, [i64]: longs, [f64]: longs };
const bits: Readonly<Record<number, number>> = { [i32]: i32, [f32]: i32, [i64]: i64, [f64]: i64 };
const fromBits: Readonly<Record<number, readonly number[]>> = { [i32]: [], [i64]: [], [f32]: [0xbe], [f64]: [0xbf] };
const toBits: Readonly<Record<number, readonly number[]>> = { [i32]: [], [i64]: [], [f32]: [0xbc], [f64]: [0xbd] };

const rows = [...computed, ...computedNew].filter(([, operands]) => operands.length > 0 && operands[0] !== undefined);

it.each(rows.filter(([op]) => op !== 0x40))(
  "operator %i of %j gives one and the same, NaNs too",
  (op, operands, result) => {
    const module = build({
      types: [[operands.map((type) => bits[type] as number), [bits[result] as number]]],
      functions: [
        {
          type: 0,
          code: [
            ...operands.flatMap((type, at) => [0x20, at, ...(fromBits[type] as number[])]),
            ...(op >= 0xfc00 ? [0xfc, op - 0xfc00] : [op]),
            ...(toBits[result] as number[]),
          ],
        },
      ],
      exports: [["run", 0, 0]],
    });
    const running = runPrepared(module, "0.4.0", 1n << 60n);
    const first = valuesOf[operands[0] as number] as readonly Value[];
    const second = operands.length > 1 ? (valuesOf[operands[1] as number] as readonly Value[]) : [0];
    for (const a of first) {
      for (const b of second) {
        const args = operands.length > 1 ? [a, b] : [a];
        const expected = orTrap(() => (operands.length > 1 ? binary[op]?.(a, b) : unary[op]?.(a)));
        expect([args, orTrap(() => running.call("run", ...args))]).toEqual([args, expected]);
      }
    }
  },
);

function orTrap(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (error instanceof Trap || error instanceof wasm.RuntimeError) return "trap";
    throw error;
  }
}
