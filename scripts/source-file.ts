import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { parseSync, Visitor } from "oxc-parser";

/** A name with the line it is used on. */
export interface Use {
  readonly name: string;
  readonly line: number;
}

/** What the layer rules need to know of one file. */
export interface SourceFile {
  readonly path: string;
  readonly lines: number;
  readonly firstLine: string;
  /** Every module it names: static, type-only, re-exported, `import()` and `import("…").Type`. */
  readonly imports: readonly Use[];
  /** Thrown or rejected errors that carry no code: `throw new Error(…)`, `reject(new TypeError(…))`. */
  readonly bareErrors: readonly Use[];
  /** Top-level statements that are not imports or exports of other modules: an index.ts has none. */
  readonly statements: readonly Use[];
  /** Exported declarations without a doc comment right before them. */
  readonly undocumented: readonly Use[];
  /** Names that an index.ts hands out, `*` for a whole module. */
  readonly exported: readonly string[];
}

const bare = new Set(["Error", "TypeError", "RangeError", "SyntaxError", "AggregateError", "EvalError", "URIError"]);

/** Parses a file. Syntax errors are left to the compiler. */
export function readSource(root: string, path: string): SourceFile {
  const text = readFileSync(join(root, path), "utf8");
  const lineAt = lineFinder(text);
  const imports: Use[] = [];
  const bareErrors: Use[] = [];
  const statements: Use[] = [];
  const exported: string[] = [];
  const undocumented: Use[] = [];

  const names = (source: unknown): void => {
    const node = source as { type?: string; value?: unknown; start: number } | null | undefined;
    if (node?.type === "Literal" && typeof node.value === "string") {
      imports.push({ name: node.value, line: lineAt(node.start) });
    }
  };
  const bareError = (node: { type: string; callee?: unknown; start: number } | null | undefined): void => {
    const callee = node?.callee as { type: string; name?: string } | undefined;
    if (node?.type === "NewExpression" && callee?.type === "Identifier" && bare.has(callee.name ?? "")) {
      bareErrors.push({ name: callee.name ?? "", line: lineAt(node.start) });
    }
  };

  const { program, comments } = parseSync(path, text);
  new Visitor({
    ImportDeclaration: (node) => names(node.source),
    ExportNamedDeclaration: (node) => names(node.source),
    ExportAllDeclaration: (node) => names(node.source),
    ImportExpression: (node) => names(node.source),
    TSImportType: (node) => names(node.source),
    ThrowStatement: (node) => bareError(node.argument),
    CallExpression(node) {
      const { callee } = node;
      const isReject =
        (callee.type === "Identifier" && callee.name === "reject") ||
        (callee.type === "MemberExpression" &&
          callee.property.type === "Identifier" &&
          callee.property.name === "reject");
      if (isReject) bareError(node.arguments[0]);
    },
  }).visit(program);

  const documented = new Set<string>();
  for (const node of program.body) {
    const passesOn =
      node.type === "ImportDeclaration" ||
      node.type === "ExportAllDeclaration" ||
      (node.type === "ExportNamedDeclaration" && node.declaration === null);
    if (!passesOn) statements.push({ name: node.type, line: lineAt(node.start) });
    if (node.type === "ExportNamedDeclaration" && node.declaration !== null) {
      const name = declaredName(node.declaration);
      const before = comments.findLast(({ end }) => end <= node.start);
      const isDoc = before?.value.startsWith("*") && text.slice(before.end, node.start).trim() === "";
      // An overload is documented by its first form.
      if (!isDoc && !documented.has(name)) undocumented.push({ name, line: lineAt(node.start) });
      documented.add(name);
    }
    if (node.type === "ExportAllDeclaration") exported.push(node.exported === null ? "*" : "namespace");
    if (node.type === "ExportNamedDeclaration") for (const one of node.specifiers) exported.push(textOf(one.exported));
  }
  const lines = text.split("\n");
  return {
    path,
    lines: text.endsWith("\n") ? lines.length - 1 : lines.length,
    firstLine: lines[0] ?? "",
    imports,
    bareErrors,
    statements,
    undocumented,
    exported,
  };
}

const hostGlobals = ["fetch", "process", "Date", "Buffer", "Math.random"];

/**
 * Uses of the globals that only host files may touch. esbuild resolves the scopes: a parameter, method or import
 * called `fetch` is not the global one, and types do not count.
 */
export function hostUses(root: string, path: string): Use[] {
  const text = readFileSync(join(root, path), "utf8");
  if (!/\b(?:fetch|process|Date|Buffer|random)\b/.test(text)) return [];
  const define: Record<string, string> = {};
  for (const name of hostGlobals) {
    const marker = `__host_${name.replace(".", "_")}`;
    define[name] = marker;
    for (const self of ["globalThis", "self"]) define[`${self}.${name}`] = marker;
  }
  const made = transformSync(text, { loader: "ts", define, sourcemap: "external", sourcefile: path, target: "es2024" });
  const map = new SourceMap(JSON.parse(made.map));
  const uses: Use[] = [];
  for (const [index, line] of made.code.split("\n").entries()) {
    for (const match of line.matchAll(/__host_(\w+)/g)) {
      const origin = map.findEntry(index, match.index);
      uses.push({
        name: (match[1] ?? "").replace("_", "."),
        line: "originalLine" in origin ? origin.originalLine + 1 : 1,
      });
    }
  }
  return uses;
}

/** Line numbers (from 1) of offsets into a text. */
function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    for (let high = starts.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

function declaredName(node: { id?: unknown; declarations?: readonly { id: unknown }[] }): string {
  const id = (node.id ?? node.declarations?.[0]?.id) as { name?: string } | undefined;
  return id?.name ?? "";
}

function textOf(name: { type: string; name?: string; value?: unknown }): string {
  return name.name ?? String(name.value);
}
