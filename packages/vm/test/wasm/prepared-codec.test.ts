import { expect, it } from "vitest";
import { prepare } from "../../src/wasm/prepare.ts";
import { decodePrepared, encodePrepared } from "../../src/wasm/prepared-codec.ts";
import { build, i32 } from "./build.ts";

const modules = [
  build({ types: [[[], []]], functions: [{ type: 0, code: [] }], start: 0 }),
  build({
    types: [
      [[i32], [i32]],
      [[0x7e, 0x7d], []],
    ],
    imports: [["debug", "log", 1]],
    functions: [{ type: 0, code: [0x20, 0, 0x40, 0] }],
    table: [3],
    memory: [2, 9],
    exports: [
      ["invoke", 0, 1],
      ["memory", 2, 0],
      ["table", 1, 0],
    ],
  }),
  build({ types: [[[], []]], functions: [{ type: 0, code: [] }], memory: [1], exports: [["memory", 2, 0]] }),
];

it.each(modules)("keeps module %#", (module) => {
  const prepared = prepare(module, "0.4.0");
  expect(decodePrepared(encodePrepared(prepared, "0.4.0"), "0.4.0")).toEqual(prepared);
});

it("refuses what is damaged, cut off, of another version or of other rules", () => {
  const kept = encodePrepared(prepare(modules[1] as Uint8Array, "0.2.0"), "0.2.0");
  const code = expect.objectContaining({ code: "vm/prepared-invalid" });
  expect(() => decodePrepared(kept, "0.4.0")).toThrow(code);
  for (let size = 0; size < kept.length; size++)
    expect(() => decodePrepared(kept.subarray(0, size), "0.2.0")).toThrow(code);
  for (let at = 0; at < kept.length; at++) {
    const damaged = kept.slice();
    damaged[at] = (damaged[at] as number) ^ 0x10;
    expect(() => decodePrepared(damaged, "0.2.0")).toThrow(code);
  }
});
