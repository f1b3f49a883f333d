import type { Worker } from "node:worker_threads";
import type { VectorAnswer, VectorTask, VectorThreadData } from "./vector-task.ts";
import { startVmThread } from "./vm-thread.node.ts";

const file: URL = new URL(
  import.meta.url.endsWith(".ts") ? "./vector-thread.node.ts" : "./vector-thread.node.js",
  import.meta.url,
);

/** A thread that runs vectors, one at a time. One that dies fails the vector it was at, and another takes its place. */
export class VectorThread {
  readonly #data: VectorThreadData;
  #worker: Worker | undefined;
  #isClosed = false;

  constructor(data: VectorThreadData) {
    this.#data = data;
  }

  /** Runs a vector's file. Whatever goes wrong is in the answer. */
  run(task: { readonly path: string } & Partial<VectorTask>): Promise<VectorAnswer> {
    const { path, trace = false, force = false } = task;
    if (this.#isClosed) return Promise.resolve(failed(path, "the thread was closed"));
    this.#worker ??= startVmThread(file, this.#data);
    const worker = this.#worker;
    return new Promise((resolve) => {
      const settle = (answer: VectorAnswer): void => {
        worker.off("message", settle).off("error", died).off("exit", exited);
        resolve(answer);
      };
      const died = (error: unknown): void => {
        this.#worker = undefined;
        settle(failed(path, `its thread ended: ${error instanceof Error ? error.message : String(error)}`));
      };
      const exited = (code: number): void => died(new Error(`exit code ${code}`));
      worker.on("message", settle).on("error", died).on("exit", exited);
      worker.postMessage({ path, trace, force } satisfies VectorTask);
    });
  }

  /** Ends the thread; what it was at fails. */
  close(): void {
    this.#isClosed = true;
    void this.#worker?.terminate();
    this.#worker = undefined;
  }
}

function failed(path: string, reason: string): VectorAnswer {
  const unknown = { id: undefined, networkVersion: undefined, mismatches: [] };
  const report = { ...unknown, path, outcome: "failed", reason, code: "host/worker-failed" } as const;
  return { report, result: undefined };
}
