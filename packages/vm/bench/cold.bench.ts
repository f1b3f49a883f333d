// From the start of a process to its first receipt: a vector, its bundle and the vector's actors, with nothing kept on disk,
// with modules that an earlier process kept, and that process itself. Medians of CPU time; the wall beside.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actorsDir, dataDir } from "@copse/testkit";

const corpus = process.env["COPSE_BENCH_VECTORS"] ?? join(dataDir, "fvm-test-vectors");
const vector = process.env["COPSE_BENCH_VECTOR"] ?? join(corpus, "0002-hygge-01/fil_10_multisig/Propose/Ok");
const path = vector.endsWith(".json") ? vector : join(vector, "ext-0002-fil_10_multisig-Propose-Ok-1.json");
const body = new URL("./cold-start.ts", import.meta.url).pathname;
const times = Number(process.env["COPSE_BENCH_ROUNDS"] ?? 7);

interface Start {
  readonly outcome: string;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rss: number;
}

function start(modules: string | undefined): Start {
  const more = modules === undefined ? [] : [modules];
  const { stdout } = spawnSync(process.execPath, [...process.execArgv, body, path, actorsDir, ...more], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(stdout) as Start;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

const folder = mkdtempSync(join(tmpdir(), "copse-modules-"));
try {
  const cases: readonly (readonly [string, () => Start])[] = [
    ["vm/cold start, nothing kept", () => start(undefined)],
    ["vm/cold start, modules kept", () => start(folder)],
  ];
  start(folder);
  const rounds = Array.from({ length: times }, () => cases.map(([, run]) => run()));
  for (const [at, [id]] of cases.entries()) {
    const starts = rounds.map((round) => round[at] as Start);
    const [cpu, wall, rss] = (["cpuMs", "wallMs", "rss"] as const).map((key) => median(starts.map((one) => one[key])));
    const outcome = [...new Set(starts.map((one) => one.outcome))].join(", ");
    console.log(
      `${id.padEnd(34)} CPU ${cpu?.toFixed(0).padStart(6)} ms   wall ${wall?.toFixed(0).padStart(6)} ms   resident ${((rss ?? 0) / 2 ** 20).toFixed(0)} MiB   ${outcome}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
