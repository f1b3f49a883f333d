// `vectors.lock.json` pins every outside corpus that tests read: where it is from, how many files it has, and one hash
// over all of them, so that no vector goes missing or changes quietly. `--check` compares what is here with it and is
// content where nothing is here (a user's clone), unless COPSE_REQUIRE_DATA=1; without it the file is written anew.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

interface Corpus {
  /** Folder below the data folder. */
  readonly path: string;
  readonly from: string;
  readonly files: number;
  /** sha256 over `path NUL sha256 LF` of each file, in order of path. */
  readonly tree: string;
}

const root = join(import.meta.dirname, "..");
const lockFile = join(root, "vectors.lock.json");
const dataDir = process.env["COPSE_DATA_DIR"] ?? join(root, "../shared/data");

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}

function measure(path: string): Pick<Corpus, "files" | "tree"> {
  const folder = join(dataDir, path);
  const names = filesBelow(folder);
  const tree = createHash("sha256");
  for (const name of names) {
    const digest = createHash("sha256")
      .update(readFileSync(join(folder, name)))
      .digest("hex");
    tree.update(`${name}\0${digest}\n`);
  }
  return { files: names.length, tree: tree.digest("hex") };
}

const { corpora } = JSON.parse(readFileSync(lockFile, "utf8")) as { corpora: readonly Corpus[] };
const here = (path: string): boolean => existsSync(join(dataDir, path)) && statSync(join(dataDir, path)).isDirectory();

if (process.argv.includes("--check")) {
  const problems: string[] = [];
  for (const { path, files, tree } of corpora) {
    if (!here(path)) {
      if (process.env["COPSE_REQUIRE_DATA"] === "1") problems.push(`${path} is not in ${dataDir}`);
      continue;
    }
    const found = measure(path);
    if (found.files < files) problems.push(`${path}: ${found.files} files, the lock says ${files}`);
    else if (found.files > files)
      console.error(`vectors: ${path} has ${found.files - files} files that are not locked`);
    else if (found.tree !== tree) problems.push(`${path}: its files are not those of the lock (${found.tree})`);
  }
  for (const problem of problems) console.error(`vectors: ${problem}`);
  if (problems.length > 0) {
    console.error("    fix: restore the data, or run `node scripts/vectors.ts` and say in the commit what is new");
    process.exit(1);
  }
} else {
  const locked = corpora.map((corpus) => (here(corpus.path) ? { ...corpus, ...measure(corpus.path) } : corpus));
  writeFileSync(lockFile, `${JSON.stringify({ corpora: locked }, null, 2)}\n`);
}
