import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { ClaimAnswer } from "./claim-task.ts";
import type { ClaimThread, ClaimThreadEvents } from "./thread.ts";

/** Cores this process may use. The thread that asks has next to nothing to do. */
export function defaultWorkers(): number {
  return availableParallelism();
}

/** Starts a worker thread, from source (`.ts`, by type stripping) where this file runs from source, else from `dist`. */
export function startThread(events: ClaimThreadEvents): ClaimThread {
  const fromSource = import.meta.url.endsWith(".ts");
  const worker = new Worker(new URL(fromSource ? "./worker.node.ts" : "./worker.node.js", import.meta.url), {
    name: "copse-f3",
    ...(fromSource ? { execArgv: ["--conditions=@copse/source"] } : {}),
  });
  worker.unref(); // an idle pool keeps no process alive; the pool refs it while it works
  let over = false;
  const died = (reason: string): void => {
    if (over) return;
    over = true;
    events.died(reason);
  };
  worker.on("message", (answer: ClaimAnswer) => {
    if (!over) events.answered(answer);
  });
  worker.on("error", (error) => died(error instanceof Error ? error.message : String(error)));
  worker.on("exit", (code) => died(`exit code ${code}`));
  return {
    send: (task) => worker.postMessage(task),
    hold(working) {
      if (working) worker.ref();
      else worker.unref();
    },
    async stop() {
      over = true;
      await worker.terminate();
    },
  };
}
