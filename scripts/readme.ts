// The parts of the Markdown that come from package.json files, between `<!-- packages:begin -->` and
// `<!-- packages:end -->`: `node scripts/readme.ts` writes them, `--check` proves them, and that links between files
// lead somewhere.
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, posix } from "node:path";
import { type Package, type Problem, printProblems, readPackages, repositoryRoot } from "./workspace.ts";

const begin = "<!-- packages:begin -->";
const end = "<!-- packages:end -->";

/** The table of packages, by layer, as seen from a page (links are relative to it). */
export function packageTable(packages: readonly Package[], page: string): string {
  const rank = ({ manifest }: Package): number =>
    Number(manifest.copse?.layer ?? 99) || (manifest.copse?.layer === 0 ? 0 : 99);
  const rows = packages
    .toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
    .map(({ folder, name, manifest }) => {
      const { layer, owns = "", leaves = "" } = manifest.copse ?? {};
      // Pages of the site lead to the site's reference, others to the folder.
      const link = page.startsWith("docs/")
        ? `/reference/${name.replace("@copse/", "")}`
        : posix.relative(dirname(page), folder);
      const hasPage = !page.startsWith("docs/") || (!manifest.private && folder.startsWith("packages/"));
      const text = `\`${name}\``;
      return `| ${typeof layer === "number" ? layer : "–"} | ${hasPage ? `[${text}](${link})` : text} | ${owns} | ${leaves} |`;
    });
  return ["| layer | package | owns | leaves to others |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** A page with its generated parts as they should be. */
export function fillPage(text: string, table: string): string {
  const [start, stop] = [text.indexOf(begin), text.indexOf(end)];
  if (start === -1 || stop < start) return text;
  return `${text.slice(0, start + begin.length)}\n\n${table}\n\n${text.slice(stop)}`;
}

/** Links of a page to files that do not exist. */
export function deadLinks(page: string, text: string, exists: (path: string) => boolean): Problem[] {
  const plain = text.replaceAll(/^(`{3,})[\s\S]*?^\1/gm, (fence) => fence.replaceAll(/[^\n]/g, " "));
  return plain.split("\n").flatMap((line, index) =>
    [...line.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1] ?? "")
      .filter((link) => !/^[a-z]+:/.test(link) && !link.startsWith("/"))
      .filter((link) => !exists(posix.join(dirname(page), link)))
      .map((link) => ({
        file: page,
        line: index + 1,
        rule: "dead-link",
        says: `${link} leads nowhere`,
        fix: "correct the link",
      })),
  );
}

if (import.meta.main) {
  const packages = readPackages(repositoryRoot);
  const pages = globSync(["*.md", "docs/**/*.md", "packages/*/README.md", "apps/*/README.md"], {
    cwd: repositoryRoot,
    exclude: (path) => ["node_modules", "reference", "dist", ".vitepress"].includes(basename(path)),
  }).sort();
  const problems: Problem[] = [];
  for (const page of pages) {
    const path = join(repositoryRoot, page);
    const text = readFileSync(path, "utf8");
    const filled = fillPage(text, packageTable(packages, page));
    if (filled !== text && !process.argv.includes("--check")) writeFileSync(path, filled);
    else if (filled !== text) {
      const line = text.slice(0, text.indexOf(begin)).split("\n").length;
      const says = "the table of packages differs from the package.json files";
      problems.push({ file: page, line, rule: "table-stale", says, fix: "node scripts/readme.ts" });
    }
    // A link without extension is a page of the site.
    const exists = (link: string): boolean =>
      ["", ".md", "/index.md"].some((tail) => existsSync(join(repositoryRoot, link + tail)));
    problems.push(...deadLinks(page, filled, exists));
  }
  process.exitCode = printProblems("readme", problems, `${pages.length} pages`);
}
