import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What the house reads of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly description?: string;
  readonly type?: string;
  readonly copse?: {
    readonly layer?: number | string;
    readonly owns?: string;
    readonly leaves?: string;
    /** Files that may touch the host (fetch, process, node: …): path or `folder/**` to the reason. */
    readonly hostFiles?: Readonly<Record<string, string>>;
    /** Entries of `exports` that do not load in a browser: entry to the reason. */
    readonly nodeOnly?: Readonly<Record<string, string>>;
  };
  readonly exports?: unknown;
  readonly imports?: Readonly<Record<string, unknown>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** One package or application of the workspace. Paths are relative to the root, with forward slashes. */
export interface Package {
  readonly folder: string;
  readonly name: string;
  readonly isApp: boolean;
  readonly manifest: Manifest;
}

/** The root of this repository. */
export const repositoryRoot: string = join(import.meta.dirname, "..");

/** Every package and application below `root`, by folder name. */
export function readPackages(root: string): Package[] {
  return globSync(["packages/*/package.json", "apps/*/package.json"], { cwd: root })
    .sort()
    .map((path) => {
      const folder = path.replaceAll("\\", "/").replace(/\/package\.json$/, "");
      const manifest = JSON.parse(readFileSync(join(root, path), "utf8")) as Manifest;
      return { folder, name: manifest.name, isApp: folder.startsWith("apps/"), manifest };
    });
}

/** The TypeScript files of a package below `part` (src, test, bench), relative to the root. */
export function listFiles(root: string, pkg: Package, part: string): string[] {
  if (!existsSync(join(root, pkg.folder, part))) return [];
  return globSync(`${pkg.folder}/${part}/**/*.ts`, { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !path.includes("/node_modules/"))
    .sort();
}

/** Something a check found: where, which rule, what is wrong, and what to do. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly says: string;
  readonly fix: string;
}

/** Prints problems as `file:line  rule`, what is wrong and the fix; returns the exit code. */
export function printProblems(check: string, problems: readonly Problem[], seen: string): number {
  for (const found of problems) {
    console.error(`${found.file}:${found.line}  ${found.rule}\n    ${found.says}\n    fix: ${found.fix}`);
  }
  if (problems.length > 0) console.error(`\n${check}: ${problems.length} problem(s) in ${seen}`);
  else console.log(`${check}: ${seen}, all as it should be`);
  return problems.length === 0 ? 0 : 1;
}
