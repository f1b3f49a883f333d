import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { actorsDir, describeActors } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { actorsVersionOf } from "../../src/bundles.ts";
import { mismatchText } from "../../src/conformance.ts";
import { listVectors, runConformance } from "../../src/node.ts";

/** What the reference's crates made of generated messages: vectors/README.md. */
const folders = globSync("nv*", { cwd: join(import.meta.dirname, "../vectors") }).sort();

describe.each(folders)("conformance: generated vectors of %s", (name) => {
  const networkVersion = Number(basename(name).slice(2));
  describeActors(`the actors of ${name}`, [actorsVersionOf(networkVersion)], () => {
    it("all messages end as in the reference", { timeout: 15 * 60_000 }, async () => {
      const vectors = join(import.meta.dirname, "../vectors", name);
      const failures: unknown[] = [];
      let passed = 0;
      for await (const report of runConformance({ vectors, actors: actorsDir })) {
        const { id, path, outcome, reason, mismatches } = report;
        if (outcome === "passed") passed++;
        else failures.push([id ?? path, reason, ...mismatches.map(mismatchText)]);
        expect(report.networkVersion).toBe(networkVersion);
      }
      expect(failures).toEqual([]);
      expect(passed).toBe((await listVectors(vectors)).length);
    });
  });
});
