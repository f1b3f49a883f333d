import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { actorsDir, describeActors } from "@copse/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { actorsVersionOf } from "../../src/bundles.ts";
import { mismatchText, parseVectorTrace } from "../../src/conformance.ts";
import { listVectors, runConformance, type VectorReport, VectorThread } from "../../src/node.ts";
import { differenceLines, diffTraces } from "../../src/trace.ts";

/** What the reference's crates made of generated messages: vectors/README.md. */
const root = join(import.meta.dirname, "../vectors");
const folders = globSync("nv*", { cwd: root }).sort();
const timeout = 30 * 60_000;

it("the generated vectors are of network versions that run", () => {
  for (const name of folders) expect(actorsVersionOf(Number(name.slice(2)))).toBeGreaterThan(7);
});

/** All of them at once: threads and what they have compiled serve every network version. */
let all: Promise<VectorReport[]> | undefined;
async function runAll(): Promise<VectorReport[]> {
  const reports: VectorReport[] = [];
  for await (const report of runConformance({ vectors: root, actors: actorsDir })) reports.push(report);
  return reports;
}

const thread = new VectorThread({ actors: actorsDir });
afterAll(() => thread.close());

describe.each(folders)("conformance: generated vectors of %s", (name) => {
  const networkVersion = Number(name.slice(2));
  const vectors = join(root, name);
  describeActors(`the actors of ${name}`, [actorsVersionOf(networkVersion)], () => {
    it("all messages end as in the reference", { timeout }, async () => {
      all ??= runAll();
      const reports = (await all).filter(({ path }) => path.startsWith(join(vectors, "/")));
      const failures = reports
        .filter(({ outcome }) => outcome !== "passed")
        .map(({ id, path, reason, mismatches }) => [id ?? path, reason, ...mismatches.map(mismatchText)]);
      expect(failures).toEqual([]);
      expect(reports).toHaveLength((await listVectors(vectors)).length);
      for (const report of reports) expect(report.networkVersion).toBe(networkVersion);
    });

    const traces = globSync("traces/*.trace.json.gz", { cwd: vectors }).sort();
    it.runIf(traces.length > 0)("every charge is that of the reference", { timeout }, async () => {
      const differences: string[] = [];
      for (const path of traces) {
        const id = basename(path, ".trace.json.gz");
        const { report, result } = await thread.run({ path: join(vectors, `${id}.json`), trace: true });
        expect(report.outcome, report.reason).toBe("passed");
        const wanted = parseVectorTrace(gunzipSync(readFileSync(join(vectors, path))).toString("utf8"));
        for (const [at, charges] of wanted.entries()) {
          const difference = diffTraces(result?.messages[at]?.trace ?? [], charges);
          if (difference === undefined) continue;
          differences.push(`${id}, message ${at}`, ...differenceLines(difference, ["ours", "reference"]));
        }
      }
      expect(differences).toEqual([]);
    });
  });
});
