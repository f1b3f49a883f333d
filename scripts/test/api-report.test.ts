import { expect, it } from "vitest";
import { apiPage } from "../api-report.ts";
import type { Package } from "../workspace.ts";

const entry = { "@copse/source": "./src/index.ts", types: "./dist/index.d.ts", default: "./dist/index.js" };
const pkg: Package = {
  folder: "packages/car",
  name: "@copse/car",
  isApp: false,
  manifest: { name: "@copse/car", exports: { ".": entry } },
};

/** The code of the page for these declaration files. */
function api(files: Record<string, string>): string {
  const page = apiPage(pkg, (path) => files[path.replace("packages/car/dist/", "")]);
  return /```ts\n([\s\S]*?)\n```/.exec(page)?.[1] ?? "";
}

it("shows declarations through re-exports, sorted, without comments", () => {
  const files = {
    "index.d.ts": 'export { type B, a } from "./a.ts";\nexport * from "./c.js";\n',
    "a.d.ts":
      "/** Doc. */\nexport declare const a: number;\nexport interface B {\n    /** Doc. */\n    readonly x: string;\n}\nexport type Hidden = 1;\n",
    "c.d.ts": "export declare function c(x: string): void;\nexport declare function c(x: number): void;\n",
  };
  expect(api(files)).toBe(
    "interface B {\n    readonly x: string;\n}\n\nconst a: number;\n\nfunction c(x: string): void;\nfunction c(x: number): void;",
  );
});

it("shows namespaces, renamed and local names, and names of other packages", () => {
  const files = {
    "index.d.ts": [
      'import * as Amount from "./amount.ts";',
      'export * as Text from "./amount.ts";',
      'export { one as uno } from "./amount.ts";',
      'export { CID } from "multiformats/cid";',
      "declare const local: 1;",
      "export { Amount, local };",
    ].join("\n"),
    "amount.d.ts": "export declare const one: 1n;\n",
  };
  expect(api(files).split("\n\n")).toEqual([
    "namespace Amount {\n  const one: 1n;\n}",
    'export { CID } from "multiformats/cid";',
    "namespace Text {\n  const one: 1n;\n}",
    "const local: 1;",
    "const one: 1n;\n// as uno",
  ]);
});

it("ends on files that re-export each other", () => {
  expect(
    api({ "index.d.ts": 'export * from "./b.ts";', "b.d.ts": 'export * from "./index.ts";\nexport type B = 1;' }),
  ).toBe("type B = 1;");
});
