import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Thread, ThreadEvents } from "./thread.ts";
import type { Answer } from "./worker-task.ts";

/** Cores this process may use, less one for the thread that asks. */
export function defaultWorkers(): number {
  return Math.max(1, availableParallelism() - 1);
}

/** Starts a worker thread, from source (`.ts`, by type stripping) where this file runs from source, else from `dist`. */
export function startThread(events: ThreadEvents): Thread {
  const fromSource = import.meta.url.endsWith(".ts");
  const worker = new Worker(new URL(fromSource ? "./worker.node.ts" : "./worker.node.js", import.meta.url), {
    name: "copse-signatures",
    ...(fromSource ? { execArgv: ["--conditions=@copse/source"] } : {}),
  });
  worker.unref(); // an idle pool keeps no process alive; the pool refs it while it works
  let over = false;
  const died = (reason: string): void => {
    if (over) return;
    over = true;
    events.died(reason);
  };
  worker.on("message", (answer: Answer) => {
    if (over) return;
    events.answered(answer);
  });
  worker.on("error", (error) => died(error instanceof Error ? error.message : String(error)));
  worker.on("exit", (code) => died(`exit code ${code}`));
  return {
    send(task) {
      worker.postMessage(task, [task.checks.buffer]);
    },
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
