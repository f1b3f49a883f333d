import { readFileSync } from "node:fs";
import { createCli } from "./cli.ts";

const oldest = [22, 18] as const;
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  process.stderr.write(`copse: Node.js ${process.versions.node} is too old: ${oldest.join(".")} or newer is needed\n`);
  process.exit(2);
}

const stop = new AbortController();
let asked = 0;
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    asked++;
    if (asked > 1) process.exit(130); // asked twice: do not wait for anything
    stop.abort(new Error(name));
  });
}
// a reader that went away (`copse … | head`) is no failure of ours
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 5));
// nobody listens to the talk any more: the work goes on
process.stderr.on("error", () => {});

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};
process.exitCode = await createCli({
  version,
  environment: process.env,
  out: process.stdout,
  err: process.stderr,
  input: process.stdin,
  writeBytes: (bytes) =>
    new Promise((done, failed) => {
      process.stdout.write(bytes, (error) => (error ? failed(error) : done()));
    }),
  terminal: process.stderr.isTTY === true,
  signal: stop.signal,
})(process.argv.slice(2));
// libraries may keep handles open after everything of ours is closed
process.exit();
