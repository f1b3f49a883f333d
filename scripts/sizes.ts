// What each entry of a package weighs in a browser: a table in the package's README, between `<!-- sizes:begin -->` and
// `<!-- sizes:end -->`. `turbo run test:pack` measures (scripts/pack-check.ts) and fails where a README differs;
// `node scripts/sizes.ts` writes what was measured last.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readPackages, repositoryRoot } from "./workspace.ts";

const begin = "<!-- sizes:begin -->";
const end = "<!-- sizes:end -->";

/** Bytes of each entry: all its exports, bundled, minified, gzip. */
export type Sizes = Readonly<Record<string, number>>;

/** The README with its table as it should be; a section at its end where it has none. */
export function fillSizes(readme: string, sizes: Sizes): string {
  const rows = Object.entries(sizes).map(([entry, bytes]) => `| \`${entry}\` | ${kilobytes(bytes)} |`);
  const table = [begin, "", "| everything of | kB |", "| --- | ---: |", ...rows, "", end].join("\n");
  const [start, stop] = [readme.indexOf(begin), readme.indexOf(end)];
  if (start !== -1 && stop > start) return readme.slice(0, start) + table + readme.slice(stop + end.length);
  const says = "Bundled for browsers with all it needs, minified, gzip; a bundler takes less where less is imported.";
  return `${readme.trimEnd()}\n\n## Size\n\n${says}\n\n${table}\n`;
}

/** What a README says; `undefined` where it has no table. */
export function readSizes(readme: string): Map<string, number> | undefined {
  const [start, stop] = [readme.indexOf(begin), readme.indexOf(end)];
  if (start === -1 || stop < start) return undefined;
  const rows = readme.slice(start, stop).matchAll(/^\| `([^`]+)` \| ([\d.]+) \|$/gm);
  return new Map([...rows].map(([, entry = "", kb]) => [entry, Number(kb)]));
}

/**
 * Where measured sizes and a README differ, in words. A tenth of a kilobyte and 3 % are allowed: packages of others are
 * taken as a user gets them, not from our lockfile.
 */
export function sizeProblems(readme: string, sizes: Sizes): string[] {
  const says = readSizes(readme);
  if (says === undefined) return ["it has no table of sizes"];
  const problems = Object.entries(sizes).flatMap(([entry, bytes]) => {
    const told = says.get(entry);
    if (told === undefined) return [`${entry} is not in it: ${kilobytes(bytes)} kB`];
    const measured = bytes / 1000;
    const isNear = Math.abs(measured - told) <= Math.max(0.1, told * 0.03);
    return isNear ? [] : [`${entry} weighs ${kilobytes(bytes)} kB, it says ${told}`];
  });
  const gone = [...says.keys()].filter((entry) => sizes[entry] === undefined).map((entry) => `${entry} is no entry`);
  return [...problems, ...gone];
}

function kilobytes(bytes: number): string {
  return (bytes / 1000).toFixed(1);
}

if (import.meta.main) {
  for (const { folder } of readPackages(repositoryRoot)) {
    const measured = join(repositoryRoot, folder, ".copse/pack/sizes.json");
    if (!existsSync(measured)) continue;
    const path = join(repositoryRoot, folder, "README.md");
    const readme = readFileSync(path, "utf8");
    const filled = fillSizes(readme, JSON.parse(readFileSync(measured, "utf8")) as Sizes);
    if (filled === readme) continue;
    writeFileSync(path, filled);
    console.log(`${folder}/README.md: sizes written`);
  }
}
