// The worker: one file, one answer. All checks run here; the page ends it to cancel.
import { useEngine } from "@copse/crypto";
import { wasmEngine } from "@copse/crypto/wasm";
import { isCopseError } from "@copse/primitives";
import type { Progress } from "../verify/report.ts";
import type { Answer, Task, ToldError } from "./messages.ts";
import { runTask } from "./run-task.ts";

/** Progress is told this often. Unit: milliseconds. */
const tellEvery = 80;

const port = globalThis as unknown as {
  onmessage: ((event: { readonly data: Task }) => void) | null;
  postMessage(answer: Answer): void;
};

port.onmessage = ({ data }) => void answer(data).then((one) => port.postMessage(one));

async function answer(task: Task): Promise<Answer> {
  try {
    useEngine(await wasmEngine());
    const { report, learned } = await runTask(task, throttled());
    return { type: "done", report, learned };
  } catch (error) {
    return { type: "failed", error: tell(error) };
  }
}

function throttled(): (progress: Progress) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (progress) => {
    const now = performance.now();
    if (now - last < tellEvery && progress.done < progress.total) return;
    last = now;
    port.postMessage({ type: "progress", progress });
  };
}

function tell(error: unknown): ToldError {
  if (isCopseError(error)) return { code: error.code, message: error.message };
  return { code: "error", message: error instanceof Error ? error.message : String(error) };
}
