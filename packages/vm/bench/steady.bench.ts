// Messages a second by class: every vector of a folder, repeated on one thread with one engine. The reference's program
// beside this one does the same, and prints the same table: README.md tells how to run both.
import { join } from "node:path";
import { actorsDir, dataDir } from "@copse/testkit";
import { listVectors, skipOfPath } from "../src/conformance/run-folder.node.ts";
import { startVmThread } from "../src/conformance/vm-thread.node.ts";
import type { ClassFigures, SteadyAnswer, SteadyTask } from "./steady-task.ts";

const folder = process.env["COPSE_BENCH_VECTORS"] ?? join(dataDir, "fvm-test-vectors");
const rounds = Number(process.env["COPSE_BENCH_ROUNDS"] ?? 10);
const paths = (await listVectors(folder)).filter((path) => skipOfPath(path) === undefined);
const task: SteadyTask = {
  paths,
  actors: actorsDir,
  warmUp: Number(process.env["COPSE_BENCH_WARM_UP"] ?? 3),
  rounds,
  byMethod: process.env["COPSE_BENCH_BY_METHOD"] !== undefined,
  profile: process.env["COPSE_BENCH_PROFILE"],
};
const worker = startVmThread(new URL("./steady-thread.ts", import.meta.url), task);
const answer = await new Promise<SteadyAnswer>((resolve, reject) => {
  worker.once("message", resolve);
  worker.once("error", reject);
});
await worker.terminate();

console.log(
  `warm-up rounds over ${paths.length} vectors: ${answer.warmUp.map((ms) => ms.toFixed(0)).join(", ")} ms of CPU`,
);
console.log(
  `${"class".padEnd(24)} ${"messages".padStart(8)} ${"CPU ms".padStart(9)} ${"wall ms".padStart(9)} ${"messages/s".padStart(11)} ${"w. machine/s".padStart(13)} ${"Mgas/s".padStart(9)}`,
);
const total = { messages: 0, exec: 0, wall: 0, all: 0, gas: 0 };
for (const [name, figures] of answer.classes.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
  print(name, figures);
  for (const key of Object.keys(total) as (keyof ClassFigures)[]) total[key] += figures[key];
}
print("all, as often as run", total);
console.log(
  `CPU of the thread ${answer.threadMs.toFixed(0)} ms, of the process ${answer.processMs.toFixed(0)} ms (compilers, collector); resident ${(answer.rss / 2 ** 20).toFixed(0)} MiB`,
);

function print(name: string, { messages, exec, wall, all, gas }: ClassFigures): void {
  const cells = [
    [messages, 8, 0],
    [exec / messages, 9, 3],
    [wall / messages, 9, 3],
    [(messages * 1000) / exec, 11, 1],
    [(messages * 1000) / all, 13, 1],
    [gas / exec / 1000, 9, 1],
  ] as const;
  console.log(
    `${name.padEnd(24)} ${cells.map(([value, width, digits]) => value.toFixed(digits).padStart(width)).join(" ")}`,
  );
}
