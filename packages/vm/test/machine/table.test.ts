import { describe, expect, test } from "vitest";
import { answers } from "../actors/compile.ts";
import { laterGenerations, machineOf, numbers } from "./generations.ts";

describe.each(laterGenerations)("tables of network version $networkVersion", (generation) => {
  test("grow as far as 20,000 elements", () => {
    const grow = (by: number): string => `(table.grow $t (table.get $t (i32.const 0)) (i32.const ${by}))`;
    const more = "(table $t 1 30000 funcref)";
    const calls = [grow(2), grow(0), grow(19_997), grow(1), grow(20_000), "(table.size $t)"];
    const body = `${answers(...calls)} (call $return (i32.const ${4 * calls.length}))`;
    const { receipt } = machineOf(generation, { body, more }).send();
    expect(numbers(receipt.returnData)).toEqual([1, 3, 3, 0xffffffff, 0xffffffff, 20_000]);
  });

  test("one that is exported as table is charged for from the start", () => {
    const { send } = machineOf(
      generation,
      { body: "(i32.const 0)", more: '(table (export "table") 5 funcref)' },
      { trace: true },
    );
    const names = (send().trace ?? []).flatMap((entry) =>
      entry.kind === "charge" ? [`${entry.name} ${entry.milligas}`] : [],
    );
    expect(names).toContain("wasm_table_init 16000");
  });
});
