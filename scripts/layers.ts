// The layers of the house, proved: `node scripts/layers.ts --check`. Which package may import which is in
// layer-table.ts; what else is held to here is in the rules below. Fixtures that break each rule: test/layers.test.ts.
import { existsSync, globSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, matchesGlob, posix } from "node:path";
import { findCycles } from "./cycles.ts";
import { exportsProblems } from "./exports.ts";
import { appRow, type LayerRow, layerTable } from "./layer-table.ts";
import { hostUses, readSource, type SourceFile, type Use } from "./source-file.ts";
import { listFiles, type Package, type Problem, printProblems, readPackages, repositoryRoot } from "./workspace.ts";

const longestFile = 400;
const mostExports = 60;

/** Checks a whole tree: every package, every file. */
export function checkLayers(root: string): Problem[] {
  const packages = readPackages(root);
  const problems = packages.flatMap((pkg) => checkPackage(root, pkg, packages));
  const between = new Map(packages.map((pkg) => [pkg.name, new Set(Object.keys(allDeclared(pkg)))] as const));
  for (const cycle of findCycles(between)) {
    const pkg = packages.find(({ name }) => name === cycle[0]) as Package;
    const says = `packages depend on each other: ${cycle.join(" → ")}`;
    problems.push(at(`${pkg.folder}/package.json`, 1, "package-cycle", says, "remove one of these dependencies"));
  }
  return problems;
}

function checkPackage(root: string, pkg: Package, packages: readonly Package[]): Problem[] {
  const short = pkg.name.replace("@copse/", "");
  const row = pkg.isApp ? appRow : layerTable[short];
  const problems = [...checkManifest(root, pkg, row)];
  if (row === undefined) return problems;

  const sources = listFiles(root, pkg, "src").map((path) => readSource(root, path));
  for (const file of sources) {
    problems.push(...checkShape(file, pkg));
    for (const use of file.imports) problems.push(...checkImport(root, file, use, pkg, row, packages));
    if (typeof row.layer === "number" && row.layer < 8 && !isHostFile(file.path, pkg)) {
      problems.push(...checkHost(root, file));
    }
  }
  problems.push(...checkFileCycles(pkg, sources));
  for (const part of ["test", "bench"]) {
    for (const path of listFiles(root, pkg, part)) {
      const file = readSource(root, path);
      for (const use of file.imports) problems.push(...checkTestImport(root, file, use, pkg));
    }
  }
  return problems;
}

function checkManifest(root: string, pkg: Package, row: LayerRow | undefined): Problem[] {
  const file = `${pkg.folder}/package.json`;
  const problems: Problem[] = [];
  const says = (rule: string, what: string, fix: string): void => void problems.push(at(file, 1, rule, what, fix));
  const { copse } = pkg.manifest;
  if (row === undefined) {
    says(
      "layer-unknown",
      `${pkg.name} has no row in the layer table`,
      "add it to scripts/layer-table.ts and the style guide",
    );
    return problems;
  }
  if (copse?.layer !== row.layer) {
    says(
      "layer-wrong",
      `copse.layer is ${copse?.layer}, the table says ${row.layer}`,
      `write "layer": ${JSON.stringify(row.layer)}`,
    );
  }
  if (!copse?.owns || !copse.leaves) {
    says(
      "owns-missing",
      "copse.owns or copse.leaves is empty",
      "say what the package owns, and what it leaves to whom",
    );
  }
  for (const [path, why] of Object.entries(copse?.hostFiles ?? {})) {
    if (why.length < 10)
      says("host-reason", `copse.hostFiles["${path}"] has no reason`, "write why this file must touch the host");
    if (globSync(path, { cwd: join(root, pkg.folder) }).length === 0) {
      says("host-stale", `copse.hostFiles["${path}"] matches no file`, "remove the entry");
    }
  }
  if (!existsSync(join(root, pkg.folder, "README.md"))) {
    says("readme-missing", `${pkg.folder} has no README.md`, "write one, with an example that runs");
  } else if (!pkg.isApp && !/^```ts$/m.test(readFileSync(join(root, pkg.folder, "README.md"), "utf8"))) {
    says(
      "readme-example",
      "README.md has no ```ts block that runs",
      "show the first thing a user does, with an assertion",
    );
  }
  if (!pkg.manifest.private && !pkg.isApp && !hasNews(root, pkg)) {
    says("changeset-missing", `no .changeset/*.md names ${pkg.name}`, "add one: what a user sees, in one sentence");
  }
  problems.push(...exportsProblems(root, pkg));
  return problems;
}

/** True when a changeset names the package, or a release has already turned one into its CHANGELOG.md. */
function hasNews(root: string, pkg: Package): boolean {
  if (existsSync(join(root, pkg.folder, "CHANGELOG.md"))) return true;
  return globSync(".changeset/*.md", { cwd: root }).some((path) =>
    new RegExp(`^["']?${pkg.name}["']?:`, "m").test(readFileSync(join(root, path), "utf8")),
  );
}

function checkShape(file: SourceFile, pkg: Package): Problem[] {
  const problems: Problem[] = [];
  const base = posix.basename(file.path);
  if (/^(utils?|helpers?|common|misc|shared)\.ts$/.test(base)) {
    problems.push(
      at(file.path, 1, "file-name", `${base} says nothing about what is inside`, "name it after its one idea"),
    );
  }
  if (file.lines > longestFile && !file.firstLine.startsWith("// table")) {
    const says = `${file.lines} lines, at most ${longestFile}`;
    problems.push(
      at(file.path, longestFile + 1, "file-length", says, "split it by idea; a pure table starts with `// table`"),
    );
  }
  if (pkg.manifest.name !== "@copse/testkit") {
    for (const { name, line } of file.bareErrors) {
      const fix = "throw a coded error from the package's errors.ts, or HostFault for trouble with the host";
      problems.push(at(file.path, line, "bare-error", `${name} without a code`, fix));
    }
  }
  for (const { name, line } of pkg.isApp ? [] : file.undocumented) {
    const fix = "say what it is: shape, unit, bound, @throws codes, @see the reference, @example";
    problems.push(at(file.path, line, "doc-missing", `${name} is exported without a doc comment`, fix));
  }
  if (base === "index.ts" && !pkg.isApp) {
    for (const { name, line } of file.statements) {
      problems.push(
        at(file.path, line, "index-code", `${name} in an index.ts`, "move the code to a file named after it"),
      );
    }
    if (file.exported.length > mostExports) {
      const says = `${file.exported.length} names, at most ${mostExports}`;
      problems.push(at(file.path, 1, "index-size", says, "keep what a first-time user needs; the rest is a subpath"));
    }
  }
  return problems;
}

function checkImport(
  root: string,
  file: SourceFile,
  use: Use,
  pkg: Package,
  row: LayerRow,
  all: readonly Package[],
): Problem[] {
  const problem = (rule: string, says: string, fix: string): Problem[] => [at(file.path, use.line, rule, says, fix)];
  const { name } = use;
  if (name.startsWith(".")) return checkRelative(root, file, use, pkg);
  if (name.startsWith("#")) {
    const known = Object.hasOwn(pkg.manifest.imports ?? {}, name);
    return known
      ? []
      : problem("import-unknown", `${name} is not in the package's imports map`, "add it to package.json");
  }
  if (isBuiltin(name)) {
    if (row.layer === 8 || row.layer === "beside" || isHostFile(file.path, pkg)) return [];
    const fix =
      "take it as an argument, move it to a *.node.ts adapter, or list the file in copse.hostFiles with its reason";
    return problem("host-import", `${name} in a package of layer ${row.layer}`, fix);
  }
  const target = packageOf(name);
  if (target === pkg.name) {
    return problem("import-self", `${file.path} imports its own package`, "import the file that owns the name");
  }
  const ours = all.find((other) => other.name === target);
  if (target.startsWith("@copse/") || ours !== undefined) {
    const short = target.replace("@copse/", "");
    if (!row.may.includes(short)) {
      const says = `${pkg.name} (layer ${row.layer}) may not import ${target} (layer ${layerTable[short]?.layer ?? "unknown"})`;
      return problem(
        "layer-import",
        says,
        "imports point down only; put the contract in the lowest package both sides import",
      );
    }
  }
  const declared = {
    ...pkg.manifest.dependencies,
    ...pkg.manifest.peerDependencies,
    ...pkg.manifest.optionalDependencies,
  };
  if (!Object.hasOwn(declared, target)) {
    return problem("dependency-undeclared", `${target} is not in dependencies`, `npm install -w ${pkg.name} ${target}`);
  }
  return [];
}

function checkRelative(root: string, file: SourceFile, use: Use, pkg: Package): Problem[] {
  const problem = (rule: string, says: string, fix: string): Problem[] => [at(file.path, use.line, rule, says, fix)];
  const target = posix.join(dirname(file.path), use.name);
  const part = file.path.split("/")[2];
  if (!target.startsWith(`${pkg.folder}/`) || (part === "src" && !target.startsWith(`${pkg.folder}/src/`))) {
    return problem(
      "import-outside",
      `${use.name} leaves ${part === "src" ? "src" : "the package"}`,
      "import the package by its name",
    );
  }
  if (!/\.(ts|json|js|mjs)$/.test(target)) {
    return problem("import-extension", `${use.name} has no file extension`, "write the name of the file, with .ts");
  }
  if (!existsSync(join(root, target)) && !target.includes("/dist/")) {
    return problem("import-missing", `${target} does not exist`, "correct the path");
  }
  if (part === "src" && posix.basename(target) === "index.ts" && posix.basename(file.path) !== "index.ts") {
    return problem("import-index", "an inside file imports an index.ts", "import the file that owns the name");
  }
  return [];
}

function checkTestImport(root: string, file: SourceFile, use: Use, pkg: Package): Problem[] {
  if (use.name.startsWith(".")) return checkRelative(root, file, use, pkg);
  const target = packageOf(use.name);
  if (isBuiltin(use.name) || use.name.startsWith("#") || target === pkg.name) return [];
  const declared = { ...allDeclared(pkg), ...rootDependencies(root) };
  if (Object.hasOwn(declared, target)) return [];
  const fix = target.startsWith("@copse/")
    ? `add "${target}": "0.0.0" to devDependencies`
    : `npm install -D -w ${pkg.name} ${target}`;
  return [
    at(file.path, use.line, "dependency-undeclared", `${target} is not declared by ${pkg.name} or the root`, fix),
  ];
}

function checkHost(root: string, file: SourceFile): Problem[] {
  const fix = "time, randomness and I/O are arguments; or move this to a *.node.ts / *.browser.ts adapter";
  return hostUses(root, file.path).map(({ name, line }) =>
    at(file.path, line, "host-global", `${name} outside an adapter`, fix),
  );
}

function checkFileCycles(pkg: Package, sources: readonly SourceFile[]): Problem[] {
  const edges = new Map<string, Set<string>>();
  for (const { path, imports } of sources) {
    const targets = new Set<string>();
    for (const { name } of imports) {
      if (name.startsWith(".")) targets.add(posix.join(dirname(path), name));
      if (name.startsWith("#")) {
        for (const target of leaves(pkg.manifest.imports?.[name])) {
          if (target.startsWith("./src/")) targets.add(posix.join(pkg.folder, target));
        }
      }
    }
    edges.set(path, targets);
  }
  return findCycles(edges).map((cycle) => {
    const first = sources.find(({ path }) => path === cycle[0]);
    const next = posix.basename(cycle[1] ?? "");
    const line = first?.imports.find(({ name }) => name.endsWith(`/${next}`))?.line ?? 1;
    const says = `files import each other: ${cycle.map((path) => path.slice(pkg.folder.length + 5)).join(" → ")}`;
    return at(
      cycle[0] ?? pkg.folder,
      line,
      "file-cycle",
      says,
      "move what both need to a file of its own (types count too)",
    );
  });
}

function isHostFile(path: string, pkg: Package): boolean {
  if (/\.(node|browser)\.ts$/.test(path)) return true;
  const inside = path.slice(pkg.folder.length + 1);
  return Object.keys(pkg.manifest.copse?.hostFiles ?? {}).some((pattern) => matchesGlob(inside, pattern));
}

function isBuiltin(name: string): boolean {
  return name.startsWith("node:") || builtinModules.includes(name);
}

function packageOf(name: string): string {
  return name.split("/", name.startsWith("@") ? 2 : 1).join("/");
}

function allDeclared({ manifest }: Package): Readonly<Record<string, string>> {
  const { dependencies, devDependencies, peerDependencies, optionalDependencies } = manifest;
  return { ...dependencies, ...devDependencies, ...peerDependencies, ...optionalDependencies };
}

function rootDependencies(root: string): Readonly<Record<string, string>> {
  const path = join(root, "package.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")).devDependencies ?? {}) : {};
}

function leaves(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : [];
}

function at(file: string, line: number, rule: string, says: string, fix: string): Problem {
  return { file, line, rule, says, fix };
}

if (import.meta.main) {
  const packages = readPackages(repositoryRoot);
  const files = packages.reduce((sum, pkg) => sum + listFiles(repositoryRoot, pkg, "src").length, 0);
  process.exitCode = printProblems(
    "layers",
    checkLayers(repositoryRoot),
    `${packages.length} packages, ${files} source files`,
  );
}
