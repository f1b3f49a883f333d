import { readFileSync } from "node:fs";
import { sha256 } from "@copse/crypto";
import { concatBytes, toHex } from "@copse/primitives";
import { expect, it } from "vitest";
import { VmError } from "../../src/errors.ts";
import { prepare } from "../../src/wasm/prepare.ts";
import { encodePrepared, preparedVersion } from "../../src/wasm/prepared-codec.ts";

const { rows } = JSON.parse(readFileSync(new URL("generated-modules.json", import.meta.url), "utf8")) as {
  readonly rows: readonly (readonly [module: string, ...rest: unknown[]])[];
};

/** Of the version beside it, of all generated modules. When it changes, the version must, or old files are run. */
const known = { version: 1, digest: "66d8332b62692c6633e056527a6bbae22b07f31659eafe5180940075436fbe58" };

it("what is kept on disk is of another version when modules are prepared in another way", () => {
  const digests: Uint8Array[] = [];
  for (const [text] of rows) {
    const code = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    for (const rules of ["0.2.0", "0.4.0"] as const) {
      try {
        digests.push(sha256(encodePrepared(prepare(code, rules), rules)));
      } catch (error) {
        if (!(error instanceof VmError)) throw error;
      }
    }
  }
  expect(digests.length).toBeGreaterThan(30);
  const digest = toHex(sha256(concatBytes(...digests)));
  expect({ version: preparedVersion, digest }, "raise preparedVersion, and note the new digest here").toEqual(known);
});
