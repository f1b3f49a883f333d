// Keeps the exports maps true: `node scripts/exports.ts --check`. Every entry leads from a source file to the built
// file of the same name, with types; after a build also that these exist.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Package, type Problem, printProblems, readPackages, repositoryRoot } from "./workspace.ts";

/** One way into a package: `"./writer"` and its three files, under the conditions that lead there. */
export interface Entry {
  readonly name: string;
  readonly source: string;
  readonly types: string;
  readonly file: string;
}

const three = ["@copse/source", "types", "default"];

/** The entries of a package's exports map that hold code. Malformed ones are left out: {@link exportsProblems} tells. */
export function listEntries(pkg: Package): Entry[] {
  return Object.entries((pkg.manifest.exports ?? {}) as Record<string, unknown>).flatMap(([name, value]) =>
    targets(value).map((target) => ({
      name,
      source: target["@copse/source"] ?? "",
      types: target["types"] ?? "",
      file: target["default"] ?? "",
    })),
  );
}

/** What is wrong with a package's exports map, as far as sources tell. */
export function exportsProblems(root: string, pkg: Package): Problem[] {
  const file = `${pkg.folder}/package.json`;
  const problems: Problem[] = [];
  const problem = (rule: string, says: string, fix: string): void =>
    void problems.push({ file, line: 1, rule, says, fix });
  const { exports } = pkg.manifest;
  if (exports === undefined && pkg.isApp) return problems;
  if (typeof exports !== "object" || exports === null || !Object.keys(exports).every((key) => key.startsWith("."))) {
    problem("exports-missing", `${pkg.name} has no exports map`, 'write "exports": { ".": { … } }');
    return problems;
  }
  for (const [name, value] of Object.entries(exports)) {
    if (name === "./package.json" && typeof value === "string") continue;
    const found = targets(value);
    if (found.length === 0 || found.some((target) => three.some((key) => target[key] === undefined))) {
      problem("exports-entry", `exports["${name}"] lacks one of ${three.join(", ")}`, "name all three files");
      continue;
    }
    for (const target of found) {
      if (Object.keys(target)[0] !== "@copse/source") {
        problem(
          "exports-order",
          `exports["${name}"]: "@copse/source" is not first`,
          "conditions match in order: put it first",
        );
      }
      const source = target["@copse/source"] ?? "";
      const stem = /^\.\/src\/(.+)\.ts$/.exec(source)?.[1];
      if (
        stem === undefined ||
        target["types"] !== `./dist/${stem}.d.ts` ||
        target["default"] !== `./dist/${stem}.js`
      ) {
        const fix = "./src/x.ts, ./dist/x.d.ts and ./dist/x.js belong together";
        problem("exports-files", `exports["${name}"]: ${source} does not fit its dist files`, fix);
      } else if (!existsSync(join(root, pkg.folder, source))) {
        problem(
          "exports-source",
          `exports["${name}"]: ${source} does not exist`,
          "correct the path or remove the entry",
        );
      }
    }
  }
  return problems;
}

/** Built files that an entry names and that are not there. */
function distProblems(root: string, pkg: Package): Problem[] {
  if (!existsSync(join(root, pkg.folder, "dist"))) return [];
  return listEntries(pkg).flatMap((entry) =>
    [entry.types, entry.file]
      .filter((path) => !existsSync(join(root, pkg.folder, path)))
      .map((path) => ({
        file: `${pkg.folder}/package.json`,
        line: 1,
        rule: "exports-dist",
        says: `exports["${entry.name}"]: ${path} was not built`,
        fix: "npm run build; if it stays missing, correct the path",
      })),
  );
}

/** The objects of an entry that name files; conditions such as `node` and `browser` may nest them. */
function targets(value: unknown): Record<string, string>[] {
  if (typeof value !== "object" || value === null) return [];
  const record = value as Record<string, unknown>;
  if (three.some((key) => typeof record[key] === "string")) {
    const direct = Object.entries(record).filter(([, file]) => typeof file === "string");
    const nested = Object.values(record).filter((inner) => typeof inner === "object");
    return [Object.fromEntries(direct) as Record<string, string>, ...nested.flatMap(targets)];
  }
  return Object.values(record).flatMap(targets);
}

if (import.meta.main) {
  const packages = readPackages(repositoryRoot);
  const problems = packages.flatMap((pkg) => [
    ...exportsProblems(repositoryRoot, pkg),
    ...distProblems(repositoryRoot, pkg),
  ]);
  const count = packages.reduce((sum, pkg) => sum + listEntries(pkg).length, 0);
  process.exitCode = printProblems("exports", problems, `${packages.length} packages, ${count} entries`);
}
