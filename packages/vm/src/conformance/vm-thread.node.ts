import { Worker } from "node:worker_threads";

/**
 * Stack of a thread that runs machines: actors call each other on it, 1024 deep. Twice what `fvm-gas.md` of the design
 * found enough; only what is used becomes memory. It takes effect on Node.js 22.18 and 26.10 alike: a bare recursion
 * between JavaScript and WebAssembly went 1.9 and 2.3 million calls deep. Unit: MiB.
 */
export const vmStackMb = 512;

/** Starts a thread with a stack that machines need: a file of ours, from source (`.ts`) or from `dist`. */
export function startVmThread(file: URL, workerData: unknown): Worker {
  const fromSource = file.pathname.endsWith(".ts");
  return new Worker(file, {
    name: "copse-vm",
    workerData,
    resourceLimits: { stackSizeMb: vmStackMb },
    ...(fromSource ? { execArgv: ["--conditions=@copse/source"] } : {}),
  });
}
