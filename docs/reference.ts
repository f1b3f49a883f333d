// Writes docs/reference/*.md from the sources: a page for each way into each package, and one of all error codes. Runs typedoc on the TypeScript of this workspace (typedoc does not take the one of the
// root yet).
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Application, Converter, ReflectionKind } from "typedoc";
import { errorPage, errorRows } from "../scripts/error-table.ts";
import { listEntries } from "../scripts/exports.ts";
import { readPackages, repositoryRoot } from "../scripts/workspace.ts";

const out = join(import.meta.dirname, "reference");
const entries = readPackages(repositoryRoot)
  .filter(({ isApp, manifest }) => !isApp && !manifest.private)
  .flatMap((pkg) =>
    listEntries(pkg).map((entry) => ({
      name: pkg.name + entry.name.slice(1),
      file: join(repositoryRoot, pkg.folder, entry.source),
    })),
  )
  // One page for an entry that leads to several files, as `node` and `browser` conditions do.
  .filter(({ name, file }, at, all) => all.findIndex((other) => other.name === name) === at && existsSync(file));

rmSync(out, { recursive: true, force: true });
const app = await Application.bootstrapWithPlugins({
  entryPoints: entries.map(({ file }) => file),
  tsconfig: join(import.meta.dirname, "tsconfig.reference.json"),
  plugin: ["typedoc-plugin-markdown"],
  skipErrorChecking: true, // `npm run check` has done that, with the compiler we build with
  outputs: [{ name: "markdown", path: out }],
  name: "Reference",
  readme: "none",
  disableSources: true,
  excludeExternals: true, // what comes from Error and other built-in types
  excludeInternal: true,
  excludePrivate: true,
  sort: ["source-order"],
  logLevel: "Warn",
  validation: { notExported: false, invalidLink: false, rewrittenLink: false, notDocumented: false },
  blockTags: [
    "@param",
    "@returns",
    "@throws",
    "@see",
    "@example",
    "@deprecated",
    "@typeParam",
    "@defaultValue",
    "@remarks",
  ],
  // typedoc-plugin-markdown
  router: "module",
  entryFileName: "index",
  excludeScopesInPaths: true,
  flattenOutputFiles: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  expandObjects: false,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  typeDeclarationFormat: "table",
} as Parameters<typeof Application.bootstrapWithPlugins>[0]);
app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  for (const module of project.getReflectionsByKind(ReflectionKind.SomeModule)) {
    const path = project.getSymbolIdFromReflection(module)?.fileName;
    const entry = entries.find(({ file }) => file === path);
    if (entry !== undefined) module.name = entry.name;
  }
});
const project = await app.convert();
if (project === undefined) process.exit(1);
await app.generateOutputs(project);

const sections = readPackages(repositoryRoot).map((pkg) => ({ name: pkg.name, rows: errorRows(repositoryRoot, pkg) }));
writeFileSync(join(out, "errors.md"), errorPage(sections));
const codes = sections.reduce((sum, { rows }) => sum + rows.length, 0);
console.log(`reference: ${entries.length} entries, ${codes} error codes`);
