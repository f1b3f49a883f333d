// Builds the page: `node scripts/build.ts` writes static files to dist/. Scripts are bundled from the sources of the
// workspace; parts that only some files need (zstd, engines) are files of their own, loaded when they are.
import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const here: string = join(import.meta.dirname, "..");

/** Writes the page's files to a folder, which is emptied first. */
export async function buildPage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(join(here, "static"))) copyFileSync(join(here, "static", name), join(folder, name));
  await build({
    entryPoints: {
      page: join(here, "src/page/main.ts"),
      worker: join(here, "src/worker/main.ts"),
      certificates: join(here, "src/worker/certificates.ts"),
      signatures: join(here, "src/worker/signatures.ts"),
    },
    outdir: folder,
    entryNames: "[name]",
    chunkNames: "part-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2024",
    conditions: ["@copse/source"],
    minify: true,
    sourcemap: true,
    legalComments: "linked",
    logLevel: "warning",
  });
}

if (import.meta.main) {
  const folder = join(here, "dist");
  await buildPage(folder);
  console.log(`explorer: ${readdirSync(folder).filter((name) => !name.endsWith(".map")).length} files in ${folder}`);
}
