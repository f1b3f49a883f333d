import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { errorPage, errorRows } from "../error-table.ts";

it("reads codes, meanings, facts and sentences off a table", () => {
  const root = mkdtempSync(join(tmpdir(), "copse-errors-"));
  const pkg = { folder: "packages/car", name: "@copse/car", isApp: false, manifest: { name: "@copse/car" } };
  mkdirSync(join(root, "packages/car/src"), { recursive: true });
  const table = `
export type CarFacts = {
  /** The section is
   * too long. */
  "car/long": { offset: number; limit: number };
  "car/empty": Record<string, never>;
};
const say = {
  "car/long": (f: CarFacts["car/long"]) => \`at byte \${f.offset}: limit \${f.limit.toFixed(1)} B\`,
  "car/empty": () => "nothing in it",
};
`;
  writeFileSync(join(root, "packages/car/src/errors.ts"), table);
  const rows = errorRows(root, pkg);
  expect(rows).toEqual([
    { code: "car/empty", meaning: "", facts: [], says: "nothing in it" },
    {
      code: "car/long",
      meaning: "The section is too long.",
      facts: ["offset", "limit"],
      says: "at byte <offset>: limit <limit> B",
    },
  ]);
  const page = errorPage([{ name: "@copse/car", rows }]);
  expect(page).toContain(
    "| `car/long` | The section is too long. | at byte &lt;offset>: limit &lt;limit> B | `offset` `limit` |",
  );
  rmSync(root, { recursive: true });
});
