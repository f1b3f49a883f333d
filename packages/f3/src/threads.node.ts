import { availableCores, type StartThread, workerThread } from "@copse/primitives/threads";
import type { ClaimAnswer, ClaimTask } from "./claim-task.ts";

/** Cores this process may use. The thread that asks has next to nothing to do. */
export function defaultWorkers(): number {
  return availableCores();
}

/** Starts a worker thread, from source where this file runs from source, else from `dist`. */
export const startThread: StartThread<ClaimTask, ClaimAnswer> = workerThread(
  () => new URL(import.meta.url.endsWith(".ts") ? "./worker.node.ts" : "./worker.node.js", import.meta.url),
  "copse-f3",
);
