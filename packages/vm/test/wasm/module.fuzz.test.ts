import { readFileSync } from "node:fs";
import { isCopseError } from "@copse/primitives";
import { fuzz, seeded } from "@copse/testkit";
import { describe } from "vitest";
import { instrument } from "../../src/wasm/instrument.ts";
import { prepare } from "../../src/wasm/prepare.ts";
import { decodePrepared, encodePrepared } from "../../src/wasm/prepared-codec.ts";
import { randomModule } from "./random-module.ts";
import { wasm } from "./run.ts";

const { rows } = JSON.parse(readFileSync(new URL("generated-modules.json", import.meta.url), "utf8")) as {
  readonly rows: readonly (readonly [string, string | null, string | null])[];
};
const seeds = [
  ...rows.slice(0, 12).map(([text]) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0))),
  ...[1, 2, 3, 4].map((seed) => randomModule({ random: seeded(seed), isNew: seed > 2, floats: seed % 2 === 0 }).bytes),
];

describe.each(["0.2.0", "0.4.0"] as const)("rules %s", (rules) => {
  fuzz(
    "a module is refused, or V8 compiles what is made of it",
    seeds,
    (bytes) => {
      const instrumented = instrument(bytes, rules);
      new wasm.Module(instrumented);
      const prepared = prepare(bytes, rules);
      new wasm.Module(prepared.bytes);
    },
    (error) => isCopseError(error, "vm/module-invalid"),
  );
});

fuzz(
  "a prepared module that was kept",
  seeds.slice(-2).map((bytes) => encodePrepared(prepare(bytes, "0.4.0"), "0.4.0")),
  (bytes) => decodePrepared(bytes, "0.4.0"),
  (error) => isCopseError(error, "vm/prepared-invalid"),
);
