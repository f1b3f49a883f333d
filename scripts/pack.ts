// Packs the package of the current folder as it would be published: .copse/pack/<name>.tgz, for pack-check.ts.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { type Manifest, repositoryRoot } from "./workspace.ts";

const folder = join(process.cwd(), ".copse/pack");
const { name } = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const flags = ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", folder];
const ran = spawnSync("npm", flags, { encoding: "utf8", shell: process.platform === "win32" });
if (ran.status !== 0) {
  console.error(ran.stderr);
  process.exit(1);
}
const [made] = JSON.parse(ran.stdout) as { filename: string; size: number; files: { path: string }[] }[];
if (made === undefined) process.exit(1);
const file = join(folder, `${name.replace("@copse/", "")}.tgz`);
renameSync(join(folder, made.filename), file);
const built = made.files.filter(({ path }) => path.startsWith("dist/")).length;
console.log(
  `${relative(repositoryRoot, file)}: ${made.files.length} files, ${built} built, ${(made.size / 1024).toFixed(1)} kB`,
);
if (built === 0) {
  console.error("pack: nothing of dist is in it; run `npm run build`, and see `files` in package.json");
  process.exit(1);
}
