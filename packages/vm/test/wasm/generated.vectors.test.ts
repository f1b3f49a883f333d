import { readFileSync } from "node:fs";
import { sha256 } from "@copse/crypto";
import { toHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { VmError } from "../../src/errors.ts";
import { instrument } from "../../src/wasm/instrument.ts";
import type { InstrumentRules } from "../../src/wasm/rules.ts";

type Row = readonly [module: string, old: string | null, now: string | null];
const { rows } = JSON.parse(readFileSync(new URL("generated-modules.json", import.meta.url), "utf8")) as {
  readonly rows: readonly Row[];
};

describe.each([
  ["0.2.0", 1],
  ["0.4.0", 2],
] as const)("modules by a generator, under %s", (rules, column) => {
  it.each(rows)("module %#", (...row) => {
    expect(
      resultOf(
        Uint8Array.from(atob(row[0]), (char) => char.charCodeAt(0)),
        rules,
      ),
    ).toBe(row[column]);
  });
});

function resultOf(bytes: Uint8Array, rules: InstrumentRules): string | null {
  try {
    return toHex(sha256(instrument(bytes, rules)));
  } catch (error) {
    if (error instanceof VmError && error.code === "vm/module-invalid") return null;
    throw error;
  }
}
