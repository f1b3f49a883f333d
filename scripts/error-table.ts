import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync, Visitor } from "oxc-parser";
import { listFiles, type Package } from "./workspace.ts";

/** A row of the error reference. */
export interface ErrorRow {
  readonly code: string;
  /** The comment on its facts: what is wrong. */
  readonly meaning: string;
  /** Names of its facts. */
  readonly facts: readonly string[];
  /** The sentence, with facts as `<name>`. */
  readonly says: string;
}

const codeForm = /^[a-z0-9-]+\/[a-z0-9-]+$/;

/** The error codes that a package's tables define (`type XFacts = { "package/what": … }` and the sentences beside). */
export function errorRows(root: string, pkg: Package): ErrorRow[] {
  const rows = new Map<string, ErrorRow>();
  const sentences = new Map<string, string>();
  for (const path of listFiles(root, pkg, "src").filter((file) => file.includes("error"))) {
    const text = readFileSync(join(root, path), "utf8");
    const { program, comments } = parseSync(path, text);
    new Visitor({
      TSPropertySignature(node) {
        const code = node.key.type === "Literal" ? String(node.key.value) : "";
        const type = node.typeAnnotation?.typeAnnotation;
        if (!codeForm.test(code) || type === undefined) return;
        const comment = comments.findLast(({ end }) => end <= node.start);
        const isHere = comment !== undefined && text.slice(comment.end, node.start).trim() === "";
        const members = type.type === "TSTypeLiteral" ? type.members : [];
        const facts = members.map((member) => ("key" in member ? text.slice(member.key.start, member.key.end) : ""));
        const meaning = isHere
          ? comment.value
              .replaceAll(/\s*\n\s*\*?\s*/g, " ")
              .replace(/^\*+\s*/, "")
              .trim()
          : "";
        rows.set(code, { code, meaning, facts: facts.filter(Boolean), says: "" });
      },
      Property(node) {
        const code = node.key.type === "Literal" ? String(node.key.value) : "";
        if (!codeForm.test(code) || node.value.type !== "ArrowFunctionExpression") return;
        const { body } = node.value;
        if (body.type === "Literal") sentences.set(code, String(body.value));
        if (body.type !== "TemplateLiteral") return;
        const parts = body.quasis.map(({ value }, at) => {
          const inside = body.expressions[at];
          const name = inside === undefined ? "" : text.slice(inside.start, inside.end);
          return (
            value.cooked +
            (name === "" ? "" : `<${/^\w+\.(\w+)$/.exec(name)?.[1] ?? /\.(\w+)/.exec(name)?.[1] ?? "…"}>`)
          );
        });
        sentences.set(code, parts.join(""));
      },
    }).visit(program);
  }
  return [...rows.values()]
    .map((row) => ({ ...row, says: sentences.get(row.code) ?? "" }))
    .sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** The page of all codes, one section a package. */
export function errorPage(sections: readonly { readonly name: string; readonly rows: readonly ErrorRow[] }[]): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("{", "&#123;");
  const parts = [
    "# Errors",
    "Every code an error can carry, from the tables of the packages. `error.code` is stable; `error.facts` holds the facts.",
  ];
  for (const { name, rows } of sections) {
    if (rows.length === 0) continue;
    const hasMeaning = rows.some(({ meaning }) => meaning !== "");
    const line = (code: string, when: string, says: string, facts: string): string =>
      hasMeaning ? `| ${code} | ${when} | ${says} | ${facts} |` : `| ${code} | ${says} | ${facts} |`;
    const lines = rows.map(({ code, meaning, says, facts }) =>
      line(`\`${code}\``, cell(meaning), cell(says), facts.map((fact) => `\`${fact}\``).join(" ")),
    );
    parts.push(
      `## ${name}`,
      [line("code", "when", "says", "facts"), line("---", "---", "---", "---"), ...lines].join("\n"),
    );
  }
  return `${parts.join("\n\n")}\n`;
}
