import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CopseError } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { exitCodeOf, exitCodes } from "../src/exit-codes.ts";

const root = join(import.meta.dirname, "../../..");
const page = readFileSync(join(root, "docs/how-it-works/errors.md"), "utf8");

/** The rows of the page: exit codes by error code, or by how one begins (`network/…`). */
const told = page
  .slice(page.indexOf("## Exit codes"))
  .matchAll(/^\| (\d+) \| (.+) \|$/gm)
  .flatMap(([, exit, cell = ""]) =>
    cell.matchAll(/`([a-z0-9-]+\/[a-z0-9-]*…?)`/g).map(([, form = ""]) => ({ exit: Number(exit), form })),
  )
  .toArray();

/** Every code that the error tables of the repository define. */
const codes = globSync("{apps,packages}/*/src/**/*error*.ts", { cwd: root })
  .flatMap((file) => [...readFileSync(join(root, file), "utf8").matchAll(/^ {2}"([a-z0-9-]+\/[a-z0-9-]+)":/gm)])
  .map(([, code = ""]) => code);
const all = [...new Set(codes)].sort();

class Foreign extends CopseError<string, object> {
  constructor(code: string) {
    super(code, code, {});
  }
}

function fits(code: string, form: string): boolean {
  return form.endsWith("…") ? code.startsWith(form.slice(0, -1)) : code === form;
}

/** The exit code by the page: of the longest form that fits, and 3 where none does. */
function byPage(code: string): number {
  const [longest] = told.filter(({ form }) => fits(code, form)).toSorted((a, b) => b.form.length - a.form.length);
  return longest?.exit ?? 3;
}

describe("the table of exit codes in docs/how-it-works/errors.md", () => {
  it("gives every error code the exit code it has", () => {
    expect(all.length).toBeGreaterThan(300);
    const wrong = all.filter((code) => byPage(code) !== exitCodeOf(new Foreign(code)));
    expect(wrong.map((code) => `${code}: ${exitCodeOf(new Foreign(code))}, not ${byPage(code)}`)).toEqual([]);
  });

  it("names no error code that does not exist", () => {
    expect(told.filter(({ form }) => !all.some((code) => fits(code, form)))).toEqual([]);
  });

  it("has a row for each exit code of a failure", () => {
    const rows = page
      .slice(page.indexOf("## Exit codes"))
      .matchAll(/^\| (\d+) \|/gm)
      .map(([, exit]) => exit);
    expect(["0", ...rows].toSorted()).toEqual(Object.keys(exitCodes).toSorted());
  });
});
