import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Reporter, TestModule } from "vitest/node";

/**
 * Leaves in `.copse/test` of the package what `scripts/report.mjs` adds up at the end of `npm test`: the counts, and
 * the suites that did not run (written by testkit's `notRun` while the tests go).
 */
export class RunRecord implements Reporter {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = join(folder, ".copse/test");
  }

  /** Before any test file is loaded: an empty log, and its place for the test processes. */
  onInit(): void {
    mkdirSync(this.#folder, { recursive: true });
    const log = join(this.#folder, "not-run.log");
    writeFileSync(log, "");
    process.env["COPSE_NOT_RUN_LOG"] = log;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      // A file that fails to load counts as one failure: it holds no test that could.
      if (module.state() === "failed" && module.errors().length > 0) counts.failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== "pending") counts[state]++;
        // A suite that testkit's `notRun` has told about is in the log already.
        if (state === "skipped" && !test.fullName.includes("NOT RUN")) {
          const why = `SKIPPED: ${module.relativeModuleId}: ${test.fullName}`;
          appendFileSync(join(this.#folder, "not-run.log"), `${why}\n`);
        }
      }
    }
    writeFileSync(join(this.#folder, "results.json"), `${JSON.stringify(counts)}\n`);
  }
}
