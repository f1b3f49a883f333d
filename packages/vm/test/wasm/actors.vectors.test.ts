import { readFileSync } from "node:fs";
import { sha256 } from "@copse/crypto";
import { cidKey } from "@copse/ipld";
import { toHex } from "@copse/primitives";
import { actorsDir, describeActors } from "@copse/testkit";
import { expect, it } from "vitest";
import { loadActors } from "../../src/bundle/library.node.ts";
import { analyse } from "../../src/wasm/analyse.ts";
import { InstrumentedWriter } from "../../src/wasm/instrumented-writer.ts";
import { prepare } from "../../src/wasm/prepare.ts";
import { instrumentDigest } from "./digest.ts";

/** Version, name, code bytes, figures in the order of `instrumentDigest`, sha256 of the reference tool's output. */
type Row = readonly [
  number,
  string,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  string,
  number,
  string,
  string,
];

const { rows } = JSON.parse(readFileSync(new URL("instrument-digests.json", import.meta.url), "utf8")) as {
  readonly rows: readonly Row[];
};

/** Each rule and a late one; all where data is required, for it takes some minutes. */
const isTried = (version: number): boolean =>
  [9, 10, 18].includes(version) || process.env["COPSE_REQUIRE_ACTORS"] === "1";

for (const version of new Set(rows.map(([of]) => of).filter(isTried))) {
  describeActors(`instrumentation of actors v${version}`, [version], () => {
    const rules = version <= 9 ? "0.2.0" : "0.4.0";
    const own = rows.filter(([of]) => of === version);
    it(`has the reference tool's output for all ${own.length} of mainnet`, { timeout: 300_000 }, async () => {
      const { manifest, blocks } = await loadActors(actorsDir, version, "mainnet");
      expect(manifest.entries.map(({ name }) => name)).toEqual(own.map(([, name]) => name));
      for (const [at, { name, code }] of manifest.entries.entries()) {
        const bytes = blocks.get(cidKey(code)) as Uint8Array;
        const [, , size, imports, defined, thunks, blockCount, total, measured, digest, maxCost, costDigest, module] =
          own[at] as Row;
        // figures first: they say what differs
        const analysed = analyse(bytes, rules);
        expect({ name, size: bytes.length, ...instrumentDigest(analysed) }).toEqual({
          ...{ name, size, imports, defined, thunks, blocks: blockCount, total, measured, digest, maxCost, costDigest },
        });
        expect(toHex(sha256(new InstrumentedWriter(analysed).write())), name).toBe(module);
        if (name === "storageminer") expect(prepare(bytes, rules).exports.has("invoke"), name).toBe(true);
      }
    });
  });
}
