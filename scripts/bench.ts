// `npm run bench`: every benchmark of the workspace, each file in a process of its own; `npm run bench -- NAME` those
// whose path, or else whose id, holds NAME. Prints the machine and the versions first; rows go to .copse/bench.json.
import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "./workspace.ts";

const names = process.argv.slice(2).filter((arg) => !arg.startsWith("-"));
const all = globSync(["packages/*/bench/**/*.bench.ts", "apps/*/bench/**/*.bench.ts"], { cwd: repositoryRoot }).sort();
const matching = all.filter((path) => names.some((name) => path.includes(name)));
// No file of that name: then it is (part of) the id of a case, and every file is asked for it.
const byId = names.length > 0 && matching.length === 0;
const files = names.length === 0 || byId ? all : matching;

if (process.argv.some((arg) => arg === "--help" || arg === "-h" || arg === "--list")) {
  console.log("usage: npm run bench [-- NAME]    NAME: part of a file's path or of a case's id\n");
  for (const file of all) console.log(`  ${file}`);
  process.exit(0);
}

const machine = {
  cpu: `${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown"}`,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${platform()} ${release()} ${arch()}`,
};
const versions = { node: process.versions.node, v8: process.versions.v8, commit: commitHash() };
console.log(`machine   ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}`);
console.log(`versions  node ${versions.node}, v8 ${versions.v8}, commit ${versions.commit}`);
console.log(`date      ${new Date().toISOString().slice(0, 10)}`);

const folder = join(repositoryRoot, ".copse");
const log = join(folder, `bench-${process.pid}.rows`);
mkdirSync(folder, { recursive: true });
const failed: string[] = [];
for (const file of files) {
  console.log(`\n${file}`);
  const env = { ...process.env, COPSE_BENCH_ROWS: log, ...(byId ? { COPSE_BENCH_ONLY: names[0] } : {}) };
  const flags = ["--conditions=@copse/source", "--expose-gc", "--disable-warning=ExperimentalWarning"];
  const ran = spawnSync(process.execPath, [...flags, join(repositoryRoot, file)], { stdio: "inherit", env });
  if (ran.status !== 0) failed.push(`${file}: ended with ${ran.status ?? ran.signal}`);
}

const rows = existsSync(log)
  ? readFileSync(log, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  : [];
rmSync(log, { force: true });
const result = join(folder, "bench.json");
writeFileSync(result, `${JSON.stringify({ date: new Date().toISOString(), machine, versions, rows }, null, 2)}\n`);
console.log(`\n${rows.length} rows in .copse/bench.json`);
for (const line of failed) console.error(`bench: ${line}`);
if (rows.length === 0) console.error(`bench: no case matches ${names.join(" ") || "packages/*/bench/*.bench.ts"}`);
process.exitCode = failed.length > 0 || rows.length === 0 ? 1 : 0;

function commitHash(): string {
  const git = spawnSync("git", ["rev-parse", "--short", "HEAD"], { cwd: repositoryRoot, encoding: "utf8" });
  return git.status === 0 ? git.stdout.trim() : "none";
}
