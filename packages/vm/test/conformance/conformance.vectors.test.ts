import { actorsDir, dataFile, describeActors, describeData } from "@copse/testkit";
import { expect, it } from "vitest";
import { fakedSays, mismatchText } from "../../src/conformance.ts";
import { runConformance, type VectorReport } from "../../src/node.ts";

const minutes = 60_000;

describeData("conformance: fvm-test-vectors", ["fvm-test-vectors"], () => {
  describeActors("mainnet's messages of network versions 17 and 18", [9, 10], () => {
    it(`all end as they did on mainnet (${fakedSays})`, { timeout: 15 * minutes }, async () => {
      const reports: VectorReport[] = [];
      for await (const report of runConformance({
        vectors: dataFile("fvm-test-vectors") as string,
        actors: actorsDir,
      })) {
        reports.push(report);
      }
      const failures = reports
        .filter(({ outcome }) => outcome === "failed")
        .map(({ id, path, reason, mismatches }) => [id ?? path, reason, ...mismatches.map(mismatchText)]);
      expect(failures).toEqual([]);
      expect(reports.filter(({ outcome }) => outcome === "passed")).toHaveLength(162);
      expect(reports.filter(({ outcome }) => outcome === "skipped")).toMatchObject([
        { path: expect.stringContaining("DisputeWindowedPoSt"), reason: expect.stringContaining("taken for good") },
      ]);
    });
  });
});
