// Keeps package-lock.json whole: `npm ci` refuses a lockfile that lacks an optional package of another platform, and
// `npm install` leaves one out where the registry at hand does not have it. `node scripts/lockfile.ts` adds the missing
// entries from the names and exact versions that their parents ask for; `--check` names them.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Problem, printProblems, repositoryRoot } from "./workspace.ts";

interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly cpu?: readonly string[];
  readonly os?: readonly string[];
  readonly libc?: readonly string[];
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A lockfile's `packages`: path in node_modules to entry. */
export type LockPackages = Readonly<Record<string, LockEntry>>;

const systems = [
  "android",
  "darwin",
  "linux",
  "win32",
  "windows",
  "freebsd",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "aix",
];
const processors = ["arm64", "x64", "ia32", "arm", "ppc64", "riscv64", "s390x", "loong64", "mips64el", "wasm32", "64"];

/** The entries that a lockfile lacks: optional packages with an exact version that some entry asks for. */
export function missingEntries(packages: LockPackages): Record<string, LockEntry> {
  const present = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + 13)));
  const missing: Record<string, LockEntry> = {};
  for (const parent of Object.values(packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      if (present.has(name) || !/^\d+\.\d+\.\d+/.test(version)) continue;
      const words = (name.split("/").at(-1) ?? "").split("-");
      const cpu = processors.find((word) => words.includes(word));
      const system = systems.find((word) => words.includes(word));
      const isLinux = system === "linux";
      missing[`node_modules/${name}`] = {
        version,
        ...(cpu === undefined ? {} : { cpu: [cpu === "64" ? "x64" : cpu] }),
        ...(parent.dev === true ? { dev: true } : {}),
        ...(isLinux && words.some((word) => word.startsWith("musl")) ? { libc: ["musl"] } : {}),
        ...(isLinux && words.some((word) => word.startsWith("gnu")) ? { libc: ["glibc"] } : {}),
        optional: true,
        ...(system === undefined ? {} : { os: [system === "windows" ? "win32" : system] }),
      };
    }
  }
  return missing;
}

if (import.meta.main) {
  const path = join(repositoryRoot, "package-lock.json");
  const lock = JSON.parse(readFileSync(path, "utf8")) as { packages: LockPackages };
  const missing = missingEntries(lock.packages);
  const problems: Problem[] = [];
  if (process.argv.includes("--check")) {
    for (const name of Object.keys(missing)) {
      const says = `${name} is missing, so \`npm ci\` refuses the lockfile`;
      problems.push({ file: "package-lock.json", line: 1, rule: "lockfile", says, fix: "node scripts/lockfile.ts" });
    }
  } else if (Object.keys(missing).length > 0) {
    const packages = Object.entries({ ...lock.packages, ...missing }).sort(([a], [b]) => (a < b ? -1 : 1));
    writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`);
    console.log(`lockfile: added ${Object.keys(missing).length} entries`);
  }
  process.exitCode = printProblems("lockfile", problems, `${Object.keys(lock.packages).length} packages`);
}
