// The command line as Markdown, from the tables that the parser is made of: `node --conditions=@copse/source
// scripts/cli-reference.ts` fills the marked parts of apps/copse/README.md, `--check` proves them, and `--out FOLDER`
// writes the pages of the site's reference there.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandTree, exitCodes, optionTable } from "../apps/copse/src/index.ts";
import { createMetrics } from "../apps/copse/src/metrics.ts";
import { kebabCase, type NodeOptions, variableOf } from "../apps/copse/src/options.ts";
import { type Problem, printProblems, repositoryRoot } from "./workspace.ts";

const readme = "apps/copse/README.md";

/** A Markdown table. Cells are escaped for the site, where `<name>` would be a tag. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Escapes a cell outside its code spans; within them only the bar has a meaning. */
function cell(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : part.replaceAll("<", "&lt;").replaceAll("{", "&#123;")))
    .join("")
    .replaceAll("|", "\\|");
}

/** Options of `copse node start`: flag, variable, key of the file, default, meaning. */
export function optionRows(): string {
  const rows = Object.entries(optionTable).map(([name, { kind, value, fallback, says }]) => {
    const negated = kind === "flag" && fallback === true;
    const flag = `--${negated ? "no-" : ""}${kebabCase(name)}${value === undefined ? "" : ` ${value}`}`;
    const usual = Array.isArray(fallback) ? fallback.join(", ") : String(fallback ?? "");
    const meaning = negated ? `do not ${says}` : says;
    return [
      code(flag),
      code(variableOf(name as keyof NodeOptions)),
      code(name),
      usual === "" ? "" : code(usual),
      meaning,
    ];
  });
  return table(["flag", "variable", "key in the file", "default", "meaning"], rows);
}

/** What each exit code means. */
export function exitCodeRows(): string {
  return table(
    ["code", "meaning"],
    Object.entries(exitCodes).map(([number, says]) => [code(number), says]),
  );
}

/** Every metric of the node, without those of the process. */
export function metricRows(): string {
  const metrics = createMetrics({ process: false }).registry.getMetricsAsArray() as unknown as {
    readonly name: string;
    readonly help: string;
    readonly labelNames?: readonly string[];
  }[];
  return table(
    ["metric", "counts", "label"],
    metrics.map(({ name, help, labelNames = [] }) => [code(name), help, labelNames.map(code).join(" ")]),
  );
}

/** The page of all commands. */
export function commandPage(): string {
  const parts = ["# Command line", "`copse <noun> <verb>`. Data go to stdout, talk and logs to stderr."];
  for (const [noun, { says, verbs }] of Object.entries(commandTree)) {
    parts.push(`## copse ${noun}`, `${says}.`);
    for (const { name, says: what, takes = [], options, examples } of verbs) {
      const rows = [
        ...takes.map(({ form, says: meaning }) => [code(form), meaning]),
        ...options.map(({ form, says: meaning }) => [code(form), meaning]),
        [code("--json"), "print JSON, one document a line"],
      ];
      parts.push(`### copse ${noun} ${name}`, `${what}.`, table(["takes", "meaning"], rows));
      if (examples.length > 0) parts.push(["```sh", ...examples, "```"].join("\n"));
    }
  }
  parts.push("## Options of `node start`, wherever they are given", optionRows());
  parts.push("A flag comes before the variable, the variable before the file, the file before the default.");
  parts.push("## Exit codes", exitCodeRows());
  return `${parts.join("\n\n")}\n`;
}

/** The page of all metrics. */
export function metricPage(): string {
  const says = "`GET /metrics` of a running node (`--api`), in Prometheus' form, beside those of the Node.js process.";
  return `# Metrics\n\n${says}\n\n${metricRows()}\n`;
}

const parts: Readonly<Record<string, () => string>> = {
  options: optionRows,
  "exit-codes": exitCodeRows,
  metrics: metricRows,
};

/** A page with its marked parts as they should be: `<!-- cli:begin options -->` to `<!-- cli:end -->`. */
export function fillParts(text: string): string {
  return text.replaceAll(/<!-- cli:begin ([a-z-]+) -->\n[\s\S]*?<!-- cli:end -->/g, (whole: string, name: string) =>
    parts[name] === undefined ? whole : `<!-- cli:begin ${name} -->\n\n${parts[name]()}\n\n<!-- cli:end -->`,
  );
}

function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}

if (import.meta.main) {
  const outAt = process.argv.indexOf("--out");
  const out = process.argv[outAt + 1];
  if (outAt !== -1 && out !== undefined) {
    writeFileSync(join(out, "cli.md"), commandPage());
    writeFileSync(join(out, "metrics.md"), metricPage());
  } else {
    const file = join(repositoryRoot, readme);
    const text = readFileSync(file, "utf8");
    const filled = fillParts(text);
    const problems: Problem[] = [];
    if (filled !== text && !process.argv.includes("--check")) writeFileSync(file, filled);
    else if (filled !== text) {
      const line = text.slice(0, text.indexOf("<!-- cli:begin")).split("\n").length;
      const says = "an option, exit code or metric differs from the tables in apps/copse/src";
      const fix = "node --conditions=@copse/source scripts/cli-reference.ts";
      problems.push({ file: readme, line, rule: "cli-stale", says, fix });
    }
    process.exitCode = printProblems("cli", problems, "1 page");
  }
}
