import { Worker } from "node:worker_threads";

/**
 * Stack of a thread that runs machines. A call depth of 1024 with the largest frames the stack limiter of actors lets
 * through took less than 256 MiB; this is twice that, of which only what is used becomes memory. Effective on Node.js 22
 * to 26: a bare recursion through WebAssembly went 1.9 to 2.3 million calls deep. Unit: MiB.
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
