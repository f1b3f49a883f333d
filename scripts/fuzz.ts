// `npm run fuzz`: every fuzz target of the workspace, each file in a process of its own, guided by coverage; inputs that
// reach something new are kept in the package's test/corpus. `npm run fuzz -- NAME...` only files whose path holds a NAME.
//   --seconds N    CPU time of each target (default 600)
//   --jobs N       files at a time (default 1)
//   --seed N       of the random numbers (default: of the clock)
// A row a target goes to .copse/fuzz.jsonl as it ends. Exit 1 when one was broken.
import { spawn } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { repositoryRoot } from "./workspace.ts";

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "600" },
    jobs: { type: "string", default: "1" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
  },
});
const files = globSync("{packages,apps}/*/test/**/*.fuzz.test.ts", { cwd: repositoryRoot })
  .filter((path) => names.length === 0 || names.some((name) => path.includes(name)))
  .sort();
if (files.length === 0) {
  console.error(`fuzz: no *.fuzz.test.ts matches ${names.join(" ")}`);
  process.exit(2);
}

const log = join(repositoryRoot, `.copse/fuzz-${process.pid}.jsonl`);
mkdirSync(join(repositoryRoot, ".copse"), { recursive: true });
const broken: string[] = [];
const waiting = [...files];
console.log(`${files.length} files, ${values.seconds} s of CPU time a target, seed ${values.seed}`);
await Promise.all(Array.from({ length: Number(values.jobs) }, worker));

const rows = readFileSync(log, { encoding: "utf8", flag: "a+" }).split("\n").filter(Boolean);
rmSync(log, { force: true });
for (const line of rows) {
  const { file, target, inputs, kept, seconds } = JSON.parse(line);
  console.log(`${file}  ${target}: ${inputs} inputs in ${seconds} s, ${kept} kept`);
}
for (const file of broken) console.error(`fuzz: broken: ${file}`);
process.exitCode = broken.length > 0 ? 1 : 0;

async function worker(): Promise<void> {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const [kind = "", folder = "", ...rest] = file.split("/");
    const args = ["run", "--config", "../../vitest.config.ts", "--root", ".", rest.join("/")];
    const env = {
      ...process.env,
      COPSE_FUZZ_SECONDS: values.seconds,
      COPSE_FUZZ_SEED: values.seed,
      COPSE_FUZZ_LOG: log,
      COPSE_FUZZ_FILE: file,
    };
    const cwd = join(repositoryRoot, kind, folder);
    const vitest = join(repositoryRoot, "node_modules/.bin/vitest");
    const status = await new Promise((resolve) => {
      spawn(vitest, args, { cwd, env, stdio: "inherit" }).on("exit", (code, signal) => resolve(code ?? signal));
    });
    if (status !== 0) broken.push(file);
  }
}
