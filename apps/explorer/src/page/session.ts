import { choiceKey, type NetworkChoice } from "../verify/network-choice.ts";
import type { FileKind, Progress } from "../verify/report.ts";
import type { Answer, Learned, Task } from "../worker/messages.ts";
import type { Outcome } from "./card.ts";

/** What the session does for one file. */
export interface Job {
  readonly file: Blob;
  readonly name: string;
  readonly kind: FileKind;
  readonly choice: NetworkChoice;
  readonly onProgress: (progress: Progress) => void;
  readonly onEnd: (outcome: Outcome) => void;
}

/**
 * Files one after another, each in a worker of its own, which is ended to cancel. What one proves is kept for the next of
 * the same network.
 */
export class Session {
  readonly #waiting: Job[] = [];
  readonly #learned = new Map<string, Learned>();
  #running: { readonly job: Job; readonly worker: Worker } | undefined;

  /** Has a file checked when it is its turn. */
  add(job: Job): void {
    this.#waiting.push(job);
    this.#next();
  }

  cancel(job: Job): void {
    const at = this.#waiting.indexOf(job);
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      job.onEnd({ state: "cancelled" });
    } else if (this.#running?.job === job) {
      this.#end({ state: "cancelled" });
    }
  }

  #next(): void {
    if (this.#running !== undefined) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "copse-verify" });
    this.#running = { job, worker };
    worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#answered(job, data);
    worker.onerror = ({ message }) => {
      const why = message || "its script did not load";
      this.#end({ state: "refused", error: { code: "explorer/worker-failed", message: `the worker stopped: ${why}` } });
    };
    const { file, name, kind, choice } = job;
    const known = this.#learned.get(choiceKey(choice)) ?? {};
    const spare = navigator.hardwareConcurrency - 1;
    worker.postMessage({ file, name, kind, choice, known, spare } satisfies Task);
  }

  #answered(job: Job, answer: Answer): void {
    if (answer.type === "progress") {
      job.onProgress(answer.progress);
    } else if (answer.type === "failed") {
      this.#end({ state: "refused", error: answer.error });
    } else {
      const key = choiceKey(job.choice);
      this.#learned.set(key, { ...this.#learned.get(key), ...answer.learned });
      this.#end({ state: "done", report: answer.report });
    }
  }

  #end(outcome: Outcome): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    running.worker.onmessage = null;
    running.worker.onerror = null;
    running.worker.terminate();
    running.job.onEnd(outcome);
    this.#next();
  }
}
