// Installs the dependencies when they are missing or the lockfile has changed; otherwise says nothing and costs
// milliseconds. Plain JavaScript for any Node.js from 20 on, because on a fresh clone nothing else is here yet.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const lockFile = join(root, "package-lock.json");
const stampFile = join(root, "node_modules/.copse-setup");

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20) {
  console.error(
    `copse: this is Node.js ${major}.${minor}; set-up needs 20 or later (it then installs its own newer one).`,
  );
  process.exit(1);
}

const lock = readFileSync(lockFile);
const stamp = createHash("sha256").update(lock).update(`${process.platform}-${process.arch}`).digest("hex");

if (!isInstalled()) {
  install();
  writeFileSync(stampFile, stamp);
}

/** True when the stamp is ours, or npm itself has already brought node_modules to the lockfile (`npm install PKG`). */
function isInstalled() {
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return true;
  const hiddenFile = join(root, "node_modules/.package-lock.json");
  if (!existsSync(hiddenFile)) return false;
  const here = JSON.parse(readFileSync(hiddenFile, "utf8")).packages;
  const wanted = JSON.parse(lock.toString()).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "" || entry.optional || entry.devOptional || entry.peer) continue;
    if (here[path]?.version !== entry.version) return false;
  }
  if (!existsSync(join(root, "node_modules/.bin/node"))) return false;
  writeFileSync(stampFile, stamp);
  return true;
}

function install() {
  const say = (line) => console.error(`copse: ${line}`);
  const count = Object.keys(JSON.parse(lock.toString()).packages).length;
  say(`installing ${count} packages from package-lock.json (first run, or the lockfile changed)…`);
  const started = Date.now();
  const flags = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  npm(["ci", ...flags], process.env.PATH);
  // On an older Node.js npm passes over optional packages that ask for a newer one (QUIC). The newer one is here now:
  // npm runs on it, and adds what is missing.
  if (major < 22 || (major === 22 && minor < 18)) {
    npm(["install", "--no-save", ...flags], join(root, "node_modules/.bin") + delimiter + process.env.PATH);
  }
  say(`installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

function npm(args, path) {
  // npm draws its own progress, and only on a terminal. On Windows npm is a .cmd file, which needs a shell.
  const options = {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
    env: { ...process.env, PATH: path },
  };
  const ran = spawnSync("npm", args, options);
  if (ran.status === 0) return;
  const why = ran.error ? ran.error.message : `npm ${args[0]} ended with ${ran.status ?? ran.signal}`;
  console.error(`copse: ${why}. Check the connection to the npm registry, then run the same command again.`);
  process.exit(ran.status ?? 1);
}
