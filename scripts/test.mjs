// `npm test`: every check of the house, stage after stage, each cached by turbo. Ends at the first stage that fails;
// the report of what did not run closes it in any case. `npm test -- car types` looks at these packages only.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bin = join(root, "node_modules/.bin");
const names = process.argv.slice(2).filter((arg) => !arg.startsWith("-"));
const flags = process.argv.slice(2).filter((arg) => arg.startsWith("-"));

if (flags.length > 0) {
  console.log(`usage: npm test [-- PACKAGE...]     for example: npm test -- car types

Sets up, then checks format, lint, layers, exports and types, builds, runs every test (browser tests too), installs
each package alone from its packed file, runs every snippet of the docs, and builds the site. All of it is cached:
a second run without a change takes seconds. With PACKAGE names: only the tests of these packages.

  COPSE_DATA_DIR=DIR       real chain data (default ../shared/data); suites without theirs are listed as not run
  COPSE_REQUIRE_DATA=1     ... or fail (as in CI)
  COPSE_ACTORS_DIR=DIR     bundles of the built-in actors (default ~/.cache/copse/actors); suites without theirs are listed as not run
  COPSE_FUZZ_SECONDS=N     seconds for each fuzz target (default 0.25)
  COPSE_CHROMIUM=PATH      the browser for browser tests (default: an installed one, else the one in node_modules)`);
  process.exit(flags.every((flag) => flag === "--help" || flag === "-h") ? 0 : 2);
}

const env = {
  ...process.env,
  PATH: bin + delimiter + (process.env.PATH ?? ""),
  COPSE_DATA_STAMP: stampOf(process.env.COPSE_DATA_DIR ?? join(root, "../shared/data")),
  COPSE_ACTORS_STAMP: stampOf(process.env.COPSE_ACTORS_DIR ?? join(homedir(), ".cache/copse/actors")),
  TURBO_TELEMETRY_DISABLED: "1",
  DO_NOT_TRACK: "1",
};

// A name is that of a folder: packages/car, apps/copse.
const folders = names.map(folderOf);
const filters = folders.flatMap((folder) => ["--filter", `./${folder}`]);
const logs = "--output-logs=new-only";
const stages =
  names.length > 0
    ? [["test", ["turbo", "run", "test", logs, ...filters]]]
    : [
        ["check", ["npm", "run", "-s", "check"]],
        ["build", ["turbo", "run", "build", "--output-logs=errors-only"]],
        // Judged once api/ has been written for the first time (`npm run api`).
        ...(existsSync(join(root, "api")) ? [["api", ["npm", "run", "-s", "check:api"]]] : []),
        ["test", ["turbo", "run", "test", "test:scripts", logs, "--continue=dependencies-successful"]],
        ["install alone", ["turbo", "run", "test:pack", logs, "--continue=dependencies-successful"]],
        ["docs", ["turbo", "run", "docs:snippets", "docs:build", logs]],
      ];

let failed;
for (const [name, [command, ...args]] of stages) {
  console.log(`\n── ${name} ──`);
  const started = Date.now();
  const ran = spawnSync(command, args, { cwd: root, env, stdio: "inherit", shell: process.platform === "win32" });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (ran.status !== 0) {
    failed = `${name} failed after ${seconds} s (${command} ${args.join(" ")})`;
    break;
  }
  console.log(`── ${name}: ok, ${seconds} s`);
}

const report = spawnSync(process.execPath, [join(root, "scripts/report.mjs"), ...folders], {
  cwd: root,
  env,
  stdio: "inherit",
});
if (failed !== undefined) {
  console.error(`\ncopse: ${failed}`);
  process.exit(1);
}
process.exit(report.status ?? 1);

function folderOf(name) {
  const short = name.replace(/^@copse\//, "").replace(/\/$/, "");
  const places = [short, `packages/${short}`, `apps/${short}`];
  const found = places.find((path) => existsSync(join(root, path, "package.json")));
  if (found === undefined) {
    console.error(
      `copse: no package called ${name}; there are ${readdirSync(join(root, "packages")).join(", ")}, copse`,
    );
    process.exit(2);
  }
  return found;
}

/**
 * Real data and actors are no part of the repository, so turbo does not see them come or go; this stands for a folder in its
 * keys: names and sizes of the files.
 */
function stampOf(dir) {
  if (!existsSync(dir)) return "none";
  const seen = createHash("sha256");
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const path of entries.map((entry) => join(entry.parentPath ?? entry.path, entry.name)).sort()) {
    seen.update(`${path} ${statSync(path).size}\n`);
  }
  return seen.digest("hex").slice(0, 16);
}
