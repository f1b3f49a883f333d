import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { findCycles } from "../cycles.ts";
import { checkLayers } from "../layers.ts";
import { readSource } from "../source-file.ts";

type Tree = Record<string, string>;

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

/** The manifest of a sound package; `change` breaks it. */
function manifest(short: string, layer: number | string, change: Record<string, unknown> = {}): string {
  return JSON.stringify({
    name: `@copse/${short}`,
    copse: { layer, owns: "something", leaves: "the rest", ...(change["copse"] as object | undefined) },
    exports: { ".": { "@copse/source": "./src/index.ts", types: "./dist/index.d.ts", default: "./dist/index.js" } },
    ...Object.fromEntries(Object.entries(change).filter(([key]) => key !== "copse")),
  });
}

const readme = '# name\n\n```ts\nimport "node:assert";\n```\n';

const sound: Tree = {
  "package.json": "{}",
  ".changeset/all.md": '---\n"@copse/primitives": minor\n"@copse/crypto": minor\n"@copse/ipld": minor\n---\n\nAll.\n',
  "packages/primitives/package.json": manifest("primitives", 0),
  "packages/primitives/README.md": readme,
  "packages/primitives/src/index.ts": 'export { hex } from "./hex.ts";\n',
  "packages/primitives/src/hex.ts": "/** Hex. */\nexport const hex = 1;\n",
  "packages/crypto/package.json": manifest("crypto", 1, { dependencies: { "@copse/primitives": "0.0.0" } }),
  "packages/crypto/README.md": readme,
  "packages/crypto/src/index.ts": 'export { hash } from "./hash.ts";\n',
  "packages/crypto/src/hash.ts": 'import { hex } from "@copse/primitives";\nexport const hash = hex;\n',
};

/** What the check finds when `change` is laid over a sound tree, as `file:line rule`. Missing docs: see `undocumented`. */
function found(change: Tree, without: readonly string[] = []): string[] {
  const root = mkdtempSync(join(tmpdir(), "copse-layers-"));
  roots.push(root);
  for (const [path, text] of Object.entries({ ...sound, ...change })) {
    if (without.includes(path)) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return checkLayers(root)
    .filter(({ rule }) => rule !== "doc-missing")
    .map(({ file, line, rule }) => `${file}:${line} ${rule}`);
}

const crypto = "packages/crypto/src/hash.ts";
const lower = "packages/primitives/src/hex.ts";

describe("layers", () => {
  it("finds nothing in a sound tree", () => {
    expect(found({})).toEqual([]);
  });

  it.each([
    ["upwards", 'import { hash } from "@copse/crypto";'],
    ["upwards, type only", 'import type { hash } from "@copse/crypto";'],
    ["upwards, re-exported", 'export { hash } from "@copse/crypto";'],
    ["upwards, dynamic", 'export const late = () => import("@copse/crypto");'],
    ["upwards, a type by import()", 'export type Hash = typeof import("@copse/crypto").hash;'],
    ["upwards, a subpath", 'import "@copse/crypto/bls";'],
    ["sideways, to an unknown package", 'import "@copse/nowhere";'],
    ["beside", 'import "@copse/testkit";'],
  ])("refuses imports %s", (_, line) => {
    expect(found({ [lower]: `\n${line}\n` })).toEqual([`${lower}:2 layer-import`]);
  });

  it("refuses sideways imports within a layer", () => {
    const change = {
      "packages/types/package.json": manifest("types", 3, {
        private: true,
        dependencies: { "@copse/blockstore": "0.0.0" },
      }),
      "packages/types/README.md": readme,
      "packages/types/src/index.ts": 'export { store } from "@copse/blockstore";\n',
    };
    expect(found(change)).toEqual(["packages/types/src/index.ts:1 layer-import"]);
  });

  it("refuses undeclared dependencies, ours and others", () => {
    const change = {
      "packages/crypto/package.json": manifest("crypto", 1),
      [crypto]: 'import "@copse/primitives";\nimport "noble";\n',
    };
    expect(found(change)).toEqual([`${crypto}:1 dependency-undeclared`, `${crypto}:2 dependency-undeclared`]);
  });

  it("refuses undeclared dependencies of tests", () => {
    const test = "packages/crypto/test/hash.test.ts";
    expect(found({ [test]: 'import "node:fs";\nimport "vitest";\n' })).toEqual([`${test}:2 dependency-undeclared`]);
    expect(found({ [test]: 'import "vitest";', "package.json": '{"devDependencies":{"vitest":"1"}}' })).toEqual([]);
  });

  it("refuses cycles between packages", () => {
    const change = {
      "packages/primitives/package.json": manifest("primitives", 0, { devDependencies: { "@copse/crypto": "0.0.0" } }),
    };
    expect(found(change)).toEqual(["packages/crypto/package.json:1 package-cycle"]);
  });

  it("refuses cycles between files, type-only ones too", () => {
    const change = {
      [lower]: 'import type { B } from "./b.ts";\nexport const hex = 1;\nexport type A = B;\n',
      "packages/primitives/src/b.ts": 'import type { A } from "./hex.ts";\nexport type B = A;\n',
    };
    expect(found(change)).toEqual(["packages/primitives/src/b.ts:1 file-cycle"]);
  });

  it("sees cycles through the imports map", () => {
    const change = {
      "packages/primitives/package.json": manifest("primitives", 0, {
        imports: { "#host": { node: "./src/b.ts", default: "./src/c.ts" } },
      }),
      [lower]: 'import { b } from "#host";\nexport const hex = b;\n',
      "packages/primitives/src/b.ts": "export const b = 1;\n",
      "packages/primitives/src/c.ts": 'import { hex } from "./hex.ts";\nexport const b = hex;\n',
    };
    expect(found(change)).toEqual(["packages/primitives/src/c.ts:1 file-cycle"]);
    expect(found({ [lower]: 'import "#nothing";\n' })).toEqual([`${lower}:1 import-unknown`]);
  });

  it("refuses ways around the file that owns a name", () => {
    expect(found({ [lower]: 'import "@copse/primitives";\n' })).toEqual([`${lower}:1 import-self`]);
    expect(found({ [crypto]: 'import "../../primitives/src/hex.ts";\n' })).toEqual([`${crypto}:1 import-outside`]);
    expect(found({ [crypto]: 'import "../test/made.ts";\n' })).toEqual([`${crypto}:1 import-outside`]);
    expect(found({ [crypto]: 'import "./other";\n' })).toEqual([`${crypto}:1 import-extension`]);
    expect(found({ [crypto]: 'import "./other.ts";\n' })).toEqual([`${crypto}:1 import-missing`]);
    const inside = 'export { hash } from "./index.ts";\n';
    expect(found({ "packages/crypto/src/inside.ts": inside })).toEqual([
      "packages/crypto/src/inside.ts:1 import-index",
    ]);
  });

  it("refuses names that say nothing, and long files", () => {
    const utils = "packages/crypto/src/utils.ts";
    expect(found({ [utils]: "export const one = 1;\n" })).toEqual([`${utils}:1 file-name`]);
    expect(found({ [lower]: "// line\n".repeat(401) })).toEqual([`${lower}:401 file-length`]);
    expect(found({ [lower]: "// line\n".repeat(400) })).toEqual([]);
    expect(found({ [lower]: `// table\n${"// row\n".repeat(900)}` })).toEqual([]);
  });

  it("refuses errors without a code", () => {
    expect(found({ [lower]: '\nexport const no = () => { throw new Error("no"); };\n' })).toEqual([
      `${lower}:2 bare-error`,
    ]);
    expect(found({ [lower]: "throw new RangeError();\n" })).toEqual([`${lower}:1 bare-error`]);
    expect(found({ [lower]: "await new Promise((_, reject) => reject(new Error()));\n" })).toEqual([
      `${lower}:1 bare-error`,
    ]);
    expect(found({ [lower]: "class MyError {}\n// throw new Error()\nthrow new MyError();\n" })).toEqual([]);
  });

  it("wants a doc comment on every exported declaration", () => {
    const undocumented = (text: string): number[] => {
      const root = mkdtempSync(join(tmpdir(), "copse-layers-"));
      roots.push(root);
      writeFileSync(join(root, "x.ts"), text);
      return readSource(root, "x.ts").undocumented.map(({ line }) => line);
    };
    expect(
      undocumented("/** Doc. */\nexport const a = 1;\nexport const b = 2;\n// no doc\nexport type C = 1;\n"),
    ).toEqual([3, 5]);
    const overloads =
      "/** Doc. */\nexport function a(x: string): void;\nexport function a(x: number): void;\nexport function a() {}\n";
    expect(undocumented(overloads)).toEqual([]);
    expect(undocumented("const a = 1;\nexport { a };\nexport default a;\n")).toEqual([]);
  });

  it("refuses code in an index.ts", () => {
    const index = "packages/primitives/src/index.ts";
    expect(found({ [index]: 'export * from "./hex.ts";\nexport const more = 1;\n' })).toEqual([
      `${index}:2 index-code`,
    ]);
    const inner = "packages/primitives/src/inner/index.ts";
    expect(found({ [inner]: "export const more = 1;\n" })).toEqual([`${inner}:1 index-code`]);
    const many = Array.from({ length: 61 }, (_, at) => `hex as hex${at}`).join(", ");
    expect(found({ [index]: `export { ${many} } from "./hex.ts";\n` })).toEqual([`${index}:1 index-size`]);
  });

  it.each([
    ["fetch", 'await fetch("x");'],
    ["process", "export const there = typeof process;"],
    ["Date", "export const now = Date.now();"],
    ["Buffer", "export const bytes = Buffer.from([]);"],
    ["Math.random", "export const random = Math.random();"],
    ["fetch by another name", 'await globalThis.fetch("x");'],
  ])("refuses %s outside adapters", (_, line) => {
    const text = `type A = {\n  fetch(): void;\n};\n${line}\nexport type B = A;\n`;
    expect(found({ [lower]: text })).toEqual([`${lower}:4 host-global`]);
  });

  it("knows a parameter or method from the global of the same name", () => {
    const text =
      "export const get = (fetch: (url: string) => void, store: { fetch(): void }) => {\n  fetch('x');\n  store.fetch();\n};\n";
    expect(found({ [lower]: text })).toEqual([]);
  });

  it("lets adapters and named host files touch the host, with a reason", () => {
    const file = "packages/primitives/src/disk.ts";
    const text = 'import "node:fs";\nexport const now = Date.now();\n';
    expect(found({ [file]: text })).toEqual([`${file}:1 host-import`, `${file}:2 host-global`]);
    expect(found({ "packages/primitives/src/disk.node.ts": text })).toEqual([]);
    const listed = (reason: string): Tree => ({
      [file]: text,
      "packages/primitives/package.json": manifest("primitives", 0, {
        copse: { hostFiles: { "src/disk.ts": reason } },
      }),
    });
    expect(found(listed("the store on disk, node only"))).toEqual([]);
    expect(found(listed(""))).toEqual(["packages/primitives/package.json:1 host-reason"]);
    const stale = manifest("primitives", 0, {
      copse: { hostFiles: { "src/gone/**": "the store on disk, node only" } },
    });
    expect(found({ "packages/primitives/package.json": stale })).toEqual([
      "packages/primitives/package.json:1 host-stale",
    ]);
  });

  it("holds the manifest to the table", () => {
    const file = "packages/primitives/package.json";
    expect(found({ [file]: manifest("primitives", 4) })).toEqual([`${file}:1 layer-wrong`]);
    expect(found({ [file]: manifest("primitives", 0, { copse: { owns: "" } }) })).toEqual([`${file}:1 owns-missing`]);
    expect(found({}, ["packages/primitives/README.md"])).toEqual([`${file}:1 readme-missing`]);
    expect(found({ "packages/primitives/README.md": "# primitives\n" })).toEqual([`${file}:1 readme-example`]);
    const changeset = { ".changeset/all.md": '---\n"@copse/crypto": minor\n---\n' };
    expect(found(changeset)).toEqual([`${file}:1 changeset-missing`]);
    expect(found({ ...changeset, "packages/primitives/CHANGELOG.md": "# 1.0.0\n" })).toEqual([]);
    expect(found({ "packages/odd/package.json": manifest("odd", 1) })).toEqual([
      "packages/odd/package.json:1 layer-unknown",
    ]);
  });

  it("holds the exports map to the files", () => {
    const file = "packages/primitives/package.json";
    const withExports = (exports: unknown): string[] => found({ [file]: manifest("primitives", 0, { exports }) });
    const entry = { "@copse/source": "./src/hex.ts", types: "./dist/hex.d.ts", default: "./dist/hex.js" };
    expect(withExports({ ".": entry, "./package.json": "./package.json" })).toEqual([]);
    expect(withExports({ ".": { node: entry, default: entry } })).toEqual([]);
    expect(withExports("./dist/index.js")).toEqual([`${file}:1 exports-missing`]);
    expect(withExports({ ".": { types: "./dist/hex.d.ts", default: "./dist/hex.js" } })).toEqual([
      `${file}:1 exports-entry`,
    ]);
    expect(withExports({ ".": Object.assign({ types: "" }, entry) })).toEqual([`${file}:1 exports-order`]);
    expect(withExports({ ".": { ...entry, default: "./dist/index.js" } })).toEqual([`${file}:1 exports-files`]);
    const gone = { "@copse/source": "./src/gone.ts", types: "./dist/gone.d.ts", default: "./dist/gone.js" };
    expect(withExports({ ".": gone })).toEqual([`${file}:1 exports-source`]);
  });
});

describe("findCycles", () => {
  const graph = (edges: Record<string, string[]>) =>
    new Map(Object.entries(edges).map(([from, to]) => [from, new Set(to)]));

  it("finds each cycle once, the shortest way round", () => {
    expect(findCycles(graph({ a: ["b", "c"], b: ["c"], c: ["a"], d: ["d"], e: ["a"] }))).toEqual([
      ["a", "c", "a"],
      ["d", "d"],
    ]);
    expect(findCycles(graph({ a: ["b"], b: ["c"], c: [] }))).toEqual([]);
  });

  it("does not overflow on a long chain", () => {
    const chain = Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`n${at}`, [`n${at + 1}`]]));
    expect(findCycles(graph(chain))).toEqual([]);
  });
});
