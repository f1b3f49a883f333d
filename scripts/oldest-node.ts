import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "./workspace.ts";

/**
 * The oldest Node.js that the packages promise to run on (`engines.node` of the root), as an npm package of its own in
 * the cache beside turbo's: it may not be a dependency, since its command would take the place of ours in `.bin`.
 * `undefined` where there is no such package for this kind of machine.
 */
export function oldestNode(): string | undefined {
  const { engines } = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as {
    engines: { node: string };
  };
  const version = /^>=(\d+\.\d+)$/.exec(engines.node)?.[1];
  if (version === undefined || !["linux", "darwin"].includes(process.platform)) return undefined;
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(repositoryRoot, "node_modules/.cache/copse", `node-${version}`);
  const path = join(folder, "node_modules", name, "bin/node");
  if (existsSync(path)) return path;
  // made aside and renamed whole: several packages are checked at once, and none may see half of it
  const aside = `${folder}.${process.pid}`;
  mkdirSync(aside, { recursive: true });
  writeFileSync(join(aside, "package.json"), '{ "private": true }\n');
  const flags = [
    "--ignore-scripts",
    "--no-bin-links",
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ];
  const ran = spawnSync("npm", ["install", ...flags, `${name}@${version}.0`], { cwd: aside, encoding: "utf8" });
  try {
    if (ran.status === 0) renameSync(aside, folder);
  } catch (error) {
    if (!existsSync(path)) throw error; // else another was first
  }
  rmSync(aside, { recursive: true, force: true });
  if (existsSync(path)) return path;
  if (process.env["CI"]) throw new Error(`${name}@${version}.0 could not be installed: ${ran.stderr}`);
  console.log(`*** NOT RUN: Node.js ${version}: ${name} could not be installed`);
  return undefined;
}
