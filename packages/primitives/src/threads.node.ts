import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { StartThread } from "./thread.ts";

export type { StartThread, Thread, ThreadEvents } from "./thread.ts";
export { type WebWorker, webThread } from "./web-thread.ts";

/** Cores this process may use. */
export function availableCores(): number {
  return availableParallelism();
}

/**
 * Worker threads of Node.js. A script that ends in `.ts` runs from source, by type stripping, and so does what it imports
 * of ours. An idle thread keeps no process alive.
 *
 * @param script asked at each start
 * @param name of the threads, for debuggers
 * @example
 * const start = workerThread<Task, Answer>(() => new URL("./worker.js", import.meta.url), "copse-signatures");
 */
export function workerThread<Task, Answer>(script: () => URL, name: string): StartThread<Task, Answer> {
  return (events) => {
    const file = script();
    const fromSource = file.pathname.endsWith(".ts");
    const worker = new Worker(file, { name, ...(fromSource ? { execArgv: ["--conditions=@copse/source"] } : {}) });
    worker.unref(); // until it is held
    let over = false;
    const died = (reason: string): void => {
      if (over) return;
      over = true;
      events.died(reason);
    };
    worker.on("message", (answer: Answer) => {
      if (!over) events.answered(answer);
    });
    worker.on("error", (error) => died(error instanceof Error ? error.message : String(error)));
    worker.on("exit", (code) => died(`exit code ${code}`));
    return {
      send: (task, transfer) => worker.postMessage(task, transfer),
      hold(working) {
        if (working) worker.ref();
        else worker.unref();
      },
      async stop() {
        over = true;
        await worker.terminate();
      },
    };
  };
}
