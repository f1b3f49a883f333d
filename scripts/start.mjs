// `npm start`: without arguments the local demonstration chain, with arguments a node (`copse node start …`).
// Runs the built command line on the Node.js of node_modules, hands signals on, and ends with its exit code.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const local = join(root, "node_modules/node/bin", process.platform === "win32" ? "node.exe" : "node");
const main = join(root, "apps/copse/dist/main.js");
const args = process.argv.slice(2);

if (!existsSync(main)) {
  console.error("copse: apps/copse/dist/main.js is missing; run `npm start`, or `npm run build` first.");
  process.exit(1);
}

const child = spawn(
  existsSync(local) ? local : process.execPath,
  ["--enable-source-maps", main, "node", ...(args.length === 0 ? ["demo"] : ["start", ...args])],
  { stdio: "inherit" },
);

// A terminal sends Ctrl-C to the whole group, so the child has it already; a signal sent to this process alone
// has to be handed on. The child is told once per signal; this process ends only when the child has.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) {
  process.on(signal, () => {
    const fromTerminal = signal === "SIGINT" && process.stdin.isTTY;
    if (!fromTerminal) child.kill(signal);
  });
}
child.on("error", (error) => {
  console.error(`copse: could not start: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => {
  process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
});
