// The last lines of `npm test`: how many tests passed, and every suite that did not run, with its reason. Reads the
// files that each package's test run leaves in .copse/test (see scripts/vitest-record.ts); turbo keeps and replays
// them, so that a cached run reports what the real one did.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const only = process.argv.slice(2);

const folders =
  only.length > 0
    ? only
    : [
        ...["packages", "apps"]
          .filter((name) => existsSync(join(root, name)))
          .flatMap((name) => readdirSync(join(root, name)).map((entry) => `${name}/${entry}`)),
        "scripts",
      ];

const total = { passed: 0, failed: 0, skipped: 0 };
const notRun = new Set();
for (const folder of folders) {
  const results = join(root, folder, ".copse/test/results.json");
  if (existsSync(results)) {
    const counts = JSON.parse(readFileSync(results, "utf8"));
    for (const key of Object.keys(total)) total[key] += counts[key];
  }
  for (const log of [".copse/test/not-run.log", ".copse/pack/not-run.log"].map((name) => join(root, folder, name))) {
    if (!existsSync(log)) continue;
    for (const line of readFileSync(log, "utf8").split("\n")) if (line !== "") notRun.add(`${folder}: ${line}`);
  }
}

console.log("\n── report ──");
if (notRun.size === 0) {
  console.log("every suite and test ran");
} else {
  console.log(`${notRun.size} suite(s) or test(s) did NOT RUN:`);
  for (const line of notRun) console.log(`  ${line}`);
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
