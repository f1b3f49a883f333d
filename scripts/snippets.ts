// Compiles and runs every ```ts snippet of the READMEs and of docs/: `node scripts/snippets.ts`, or with parts of
// file names. A snippet is a module of its own that ends by itself; one that cannot run here (it joins the real
// network, say) is opened by ```ts no-run: REASON and only compiled. Errors name the line in the Markdown file.
import { spawn, spawnSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { repositoryRoot } from "./workspace.ts";

const timeoutMs = 60_000;
const atOnce = 2;

interface Snippet {
  readonly page: string;
  /** The line of the opening fence. */
  readonly line: number;
  readonly code: string;
  readonly runs: boolean;
}

const only = process.argv.slice(2).filter((arg) => !arg.startsWith("-"));
const pages = globSync(["*.md", "docs/**/*.md", "packages/*/*.md", "apps/*/*.md", "packages/*/bench/*.md"], {
  cwd: repositoryRoot,
  exclude: (path) => ["node_modules", "reference", "dist", ".vitepress"].includes(basename(path)),
}).sort();
const snippets = pages
  .filter((page) => only.length === 0 || only.some((part) => page.includes(part)))
  .flatMap((page) => findSnippets(page, readFileSync(join(repositoryRoot, page), "utf8")));

// a folder of its own for each run, as two may go on at once
const folder = join(repositoryRoot, `.copse/snippets-${process.pid}`);
mkdirSync(folder, { recursive: true });
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const files = new Map(snippets.map((snippet) => [fileName(snippet), snippet]));
for (const [file, { line, code }] of files) {
  // The code starts on the same line as in the page, so that every message about it points there.
  writeFileSync(join(folder, file), `${"\n".repeat(line)}${code}\nexport {};\n`);
}
const options = { extends: "../../tsconfig.json", compilerOptions: { noEmit: true }, include: ["*.ts"], exclude: [] };
writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));

const compiled = snippets.length === 0 || compile();
const broken = compiled ? await runAll() : 0;
const runCount = snippets.filter(({ runs }) => runs).length;
console.log(`snippets: ${snippets.length} compiled, ${runCount - broken} of ${runCount} run, in ${pages.length} pages`);
process.exitCode = compiled && broken === 0 ? 0 : 1;

/** The ```ts fences of a page. */
function findSnippets(page: string, text: string): Snippet[] {
  const found: Snippet[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const fence = /^(\s*)(`{3,})ts\b(.*)$/.exec(lines[at] ?? "");
    if (fence === null) continue;
    const [, indent = "", ticks = "", info = ""] = fence;
    const end = lines.findIndex((line, index) => index > at && line.trim() === ticks);
    if (end === -1) stop(page, at + 1, "the fence is never closed");
    const isShown = info.includes("no-run");
    if (isShown && !/no-run: .{5}/.test(info)) stop(page, at + 1, "write the reason: ```ts no-run: REASON");
    const code = lines.slice(at + 1, end).map((line) => line.slice(indent.length));
    found.push({ page, line: at + 1, code: code.join("\n"), runs: !isShown });
    at = end;
  }
  return found;
}

function compile(): boolean {
  const compiler = join(repositoryRoot, "node_modules/typescript/bin/tsc");
  const ran = spawnSync(process.execPath, [compiler, "-p", folder, "--pretty", "false"], {
    encoding: "utf8",
    cwd: folder,
  });
  // Only the snippets are judged here: the sources they import have their own check.
  let count = 0;
  for (const line of ran.stdout.split("\n")) {
    const error = /^(?:\.copse\/snippets-\d+\/)?([^(/]+\.ts)\((\d+),\d+\): (.*)$/.exec(line);
    const snippet = files.get(error?.[1] ?? "");
    if (error === null || snippet === undefined) continue;
    console.error(`${snippet.page}:${error[2]}  ${error[3]}`);
    count++;
  }
  return count === 0;
}

async function runAll(): Promise<number> {
  const waiting = [...files].filter(([, { runs }]) => runs);
  let broken = 0;
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [file, { page, line }] = next;
      const why = await run(file);
      if (why === undefined) continue;
      broken++;
      console.error(
        `${page}:${line}  ${why.replaceAll(/(?:file:\/\/)?\S*\.copse\/snippets-\d+\/\S+\.ts:(\d+)/g, `${page}:$1`)}\n`,
      );
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return broken;
}

/** Runs one snippet; what went wrong, or `undefined`. */
function run(file: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const flags = ["--conditions=@copse/source", "--disable-warning=ExperimentalWarning"];
    const child = spawn(process.execPath, [...flags, join(folder, file)], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    const note = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-8000);
    };
    child.stdout.on("data", note);
    child.stderr.on("data", note);
    const late = setTimeout(() => {
      said += `\nit did not end within ${timeoutMs / 1000} s`;
      child.kill("SIGKILL");
    }, timeoutMs);
    child.on("close", (code, signal) => {
      clearTimeout(late);
      resolve(code === 0 ? undefined : `ended with ${code ?? signal}\n${said.trim()}`);
    });
  });
}

function fileName({ page, line }: Snippet): string {
  return `${page.replace(/\.md$/, "").replaceAll(/[^A-Za-z0-9]+/g, "-")}-${line}.ts`;
}

function stop(page: string, line: number, why: string): never {
  console.error(`${page}:${line}  ${why}`);
  process.exit(1);
}
