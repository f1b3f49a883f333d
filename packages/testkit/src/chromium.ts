import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

const repository: string = join(import.meta.dirname, "../../..");

/** Names under which distributions install Chromium or Chrome. */
const installedNames = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

/**
 * The flags that every start gets: no sandbox (CI runs as root), and none of the background connections, which a
 * closed network would refuse many at a time.
 */
export const chromiumFlags: readonly string[] = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * The browser for browser tests: `COPSE_CHROMIUM`, else one that is installed, else the one that comes in
 * `node_modules` (unpacked once, 2 s), else `undefined`.
 */
export function findChromium(): string | undefined {
  const named = process.env["COPSE_CHROMIUM"];
  if (named !== undefined && named !== "") return named;
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const name of installedNames) {
      const path = join(folder, name);
      if (existsSync(path) && starts(path)) return path;
    }
  }
  const packed = unpackChromium();
  return packed !== undefined && starts(packed) ? packed : undefined;
}

/** True when the file is a browser that finds its libraries. */
function starts(path: string): boolean {
  const ran = spawnSync(path, ["--version", "--no-sandbox"], { timeout: 30_000, encoding: "utf8" });
  return ran.status === 0 && /Chrom/.test(ran.stdout);
}

/** Unpacks the browser of the package @sparticuz/chromium (64 MB of brotli, Linux x64) beside turbo's cache. */
function unpackChromium(): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const folder = join(repository, "node_modules/@sparticuz/chromium");
  const packed = join(folder, "bin/chromium.br");
  if (!existsSync(packed)) return undefined;
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  const cache = join(repository, "node_modules/.cache/copse");
  const path = join(cache, `chromium-${version}`);
  if (existsSync(path)) return path;
  mkdirSync(cache, { recursive: true });
  // Several test processes may unpack at once: each writes its own file, and the last rename wins.
  const part = `${path}.${process.pid}.part`;
  try {
    writeFileSync(part, brotliDecompressSync(readFileSync(packed)), { mode: 0o755 });
    renameSync(part, path);
  } finally {
    rmSync(part, { force: true });
  }
  return path;
}
