// Installs the package of the current folder alone: its tarball and those of the packages of ours that it needs, in
// an empty project outside the workspace, without install scripts. Then every entry is imported by the oldest Node.js
// we support and by ours, type-checked as a user's project would, bundled for browsers, and loaded in Chromium, in a
// page and in a worker. Entries that cannot run in a browser are named in `copse.nodeOnly` with the reason.
import { spawnSync } from "node:child_process";
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { bundleForBrowser, launchBrowser } from "@copse/testkit/browser";
import { listEntries } from "./exports.ts";
import { oldestNode } from "./oldest-node.ts";
import { sizeProblems } from "./sizes.ts";
import { type Package, readPackages, repositoryRoot } from "./workspace.ts";

const packages = readPackages(repositoryRoot);
const here = packages.find(({ folder }) => join(repositoryRoot, folder) === process.cwd());
if (here === undefined) fail("run it in the folder of a package");

const project = mkdtempSync(join(tmpdir(), "copse-alone-"));
process.on("exit", () => rmSync(project, { recursive: true, force: true }));

install(here);
const entries = [...new Map(listEntries(here).map((entry) => [entry.name, entry])).values()].map((entry) => {
  const specifier = here.name + entry.name.slice(1);
  const reason = here.manifest.copse?.nodeOnly?.[entry.name];
  return { ...entry, specifier, isForNode: reason !== undefined || entry.source.endsWith(".node.ts") };
});
for (const name of Object.keys(here.manifest.copse?.nodeOnly ?? {})) {
  if (!entries.some((entry) => entry.name === name)) fail(`copse.nodeOnly names ${name}, which is no entry`);
}
importInNode();
checkTypes();
runBins(here);
await loadInBrowser();

/** The package and what it needs of ours, as tarballs; everything else from the registry, scripts off. */
function install(pkg: Package): void {
  const needed = new Set<Package>();
  const add = (one: Package): void => {
    if (needed.has(one)) return;
    needed.add(one);
    const { dependencies, peerDependencies, optionalDependencies } = one.manifest;
    for (const name of Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })) {
      const other = packages.find((candidate) => candidate.name === name);
      if (other !== undefined) add(other);
    }
  };
  add(pkg);
  const dependencies: Record<string, string> = {};
  for (const { folder, name } of needed) {
    const [tarball] = globSync(join(repositoryRoot, folder, ".copse/pack/*.tgz"));
    if (tarball === undefined) fail(`${folder} is not packed; run \`npx turbo run test:pack --filter ${pkg.name}\``);
    dependencies[name] = `file:${tarball}`;
  }
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
  copyFileSync(join(repositoryRoot, ".npmrc"), join(project, ".npmrc")); // the age that a new release must have
  const flags = ["install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  const first = spawnSync("npm", flags, { cwd: project, encoding: "utf8", shell: process.platform === "win32" });
  if (first.status !== 0) run("install", "npm", flags); // once more: a registry has its moments
  const installed = globSync("node_modules/{*,@*/*}/package.json", { cwd: project }).length;
  console.log(`${pkg.name}: installed alone, ${installed} packages in all`);
}

function importInNode(): void {
  const lines = entries.map(
    ({ specifier }) =>
      `console.log(${JSON.stringify(specifier)}, Object.keys(await import(${JSON.stringify(specifier)})).length);`,
  );
  writeFileSync(join(project, "in-node.js"), `${lines.join("\n")}\n`);
  for (const node of [oldestNode(), process.execPath]) {
    if (node === undefined) continue;
    const version = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim();
    const printed = run(`import in Node.js ${version}`, node, ["in-node.js"]);
    const names = printed.trim().replaceAll("\n", ", ");
    console.log(`${here?.name}: imported by Node.js ${version} (names: ${names})`);
  }
}

/** Type-checks an import of every entry as a strict user would; only errors in our own declarations count. */
function checkTypes(): void {
  const lines = entries.map(
    ({ specifier }, at) =>
      `import * as entry${at} from ${JSON.stringify(specifier)};\nexport const used${at}: object = entry${at};`,
  );
  writeFileSync(join(project, "types.mts"), `${lines.join("\n")}\n`);
  const compiler = join(repositoryRoot, "node_modules/typescript/bin/tsc");
  const typeRoots = join(repositoryRoot, "node_modules/@types");
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["preserve", "bundler"],
  ] as const) {
    const options = [
      "--noEmit",
      "--strict",
      "--target",
      "es2024",
      "--module",
      module,
      "--moduleResolution",
      resolution,
    ];
    const libraries = [
      "--lib",
      "es2024,esnext.disposable,esnext.iterator,dom",
      "--types",
      "node",
      "--typeRoots",
      typeRoots,
    ];
    const ran = spawnSync(process.execPath, [compiler, ...options, ...libraries, "types.mts"], {
      cwd: project,
      encoding: "utf8",
    });
    const ours = ran.stdout.split("\n").filter((line) => /^(?:types\.mts|node_modules\/@copse\/)/.test(line));
    if (ours.length > 0) fail(`its types do not work under ${resolution}:\n${ours.slice(0, 20).join("\n")}`);
  }
  console.log(`${here?.name}: types hold under nodenext and bundler`);
}

/** Commands must answer --help. */
function runBins({ manifest, name }: Package): void {
  for (const command of Object.keys(manifest.bin ?? {})) {
    for (const node of [oldestNode(), process.execPath]) {
      if (node !== undefined)
        run(`${command} --help`, node, [join("node_modules", name, manifest.bin?.[command] ?? ""), "--help"]);
    }
    console.log(`${name}: ${command} --help answers`);
  }
}

async function loadInBrowser(): Promise<void> {
  const forBrowsers = entries.filter((entry) => !entry.isForNode);
  if (forBrowsers.length === 0) return;
  const code = `export async function load() {
  const names = {};
${forBrowsers.map(({ specifier: name }) => `  names[${JSON.stringify(name)}] = Object.keys(await import(${JSON.stringify(name)})).length;`).join("\n")}
  return names;
}
`;
  writeFileSync(join(project, "load.js"), code);
  const page = `import { load } from "./load.js";
export default async function ({ worker }) {
  const inWorker = new Promise((resolve, reject) => {
    const running = new Worker(worker, { type: "module" });
    running.onmessage = (event) => resolve(event.data);
    running.onerror = (event) => reject(new Error("in the worker: " + event.message));
  });
  return { page: await load(), worker: await inWorker };
}
`;
  writeFileSync(join(project, "page.js"), page);
  writeFileSync(
    join(project, "worker.js"),
    'import { load } from "./load.js";\nload().then((names) => postMessage(names));\n',
  );

  const sizes: Record<string, number> = {};
  for (const { specifier } of forBrowsers) {
    writeFileSync(join(project, "one.js"), `export * from ${JSON.stringify(specifier)};\n`);
    const bundle = await bundled(join(project, "one.js"), specifier);
    sizes[specifier] = gzipSync(bundle).length;
    console.log(`${specifier}: ${(sizes[specifier] / 1000).toFixed(1)} kB for a browser (all of it, minified, gzip)`);
  }
  mkdirSync(join(process.cwd(), ".copse/pack"), { recursive: true });
  writeFileSync(join(process.cwd(), ".copse/pack/sizes.json"), `${JSON.stringify(sizes, null, 2)}\n`);
  const wrong = sizeProblems(readFileSync(join(process.cwd(), "README.md"), "utf8"), sizes);
  if (wrong.length > 0) fail(`README.md, sizes: ${wrong.join("; ")} (node scripts/sizes.ts writes them)`);

  const browser = await launchBrowser();
  if (browser === undefined) {
    if (process.env["CI"]) fail("no Chromium to load it in");
    const why = "NOT RUN: loading the packed files in a browser: no Chromium";
    console.log(`*** ${why}`);
    writeFileSync(join(process.cwd(), ".copse/pack/not-run.log"), `${why}\n`);
    return;
  }
  try {
    const options = { conditions: [], workers: { worker: pathToFileURL(join(project, "worker.js")) } };
    const names = await browser.run<{ page: object; worker: object }>(pathToFileURL(join(project, "page.js")), options);
    if (JSON.stringify(names.page) !== JSON.stringify(names.worker))
      fail(`page and worker see different names: ${JSON.stringify(names)}`);
    console.log(`${here?.name}: loaded by Chromium ${browser.version}, page and worker`);
  } finally {
    await browser.close();
  }
}

async function bundled(file: string, specifier: string): Promise<string> {
  try {
    return await bundleForBrowser(file, { minify: true, sourcemap: false });
  } catch (error) {
    const fix =
      "move what needs Node.js behind the imports map or a *.node.ts entry, or name the entry in copse.nodeOnly";
    return fail(`${specifier} does not bundle for browsers (${fix}):\n${(error as Error).message}`);
  }
}

function run(what: string, command: string, args: readonly string[]): string {
  const shell = process.platform === "win32";
  const ran = spawnSync(command, args, { cwd: project, encoding: "utf8", shell, timeout: 300_000, input: "" });
  if (ran.status !== 0) fail(`${what} failed (${ran.status ?? ran.signal}):\n${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

function fail(why: string): never {
  console.error(`pack-check: ${here?.name ?? process.cwd()}: ${why}`);
  process.exit(1);
}
