import { abortFault, HostFault } from "@copse/primitives";
import { startVmThread } from "@copse/vm/node";
import type { MessageAnswer, MessageOutcome, MessageTask } from "./message-task.ts";
import { errorOf } from "./thread-error.ts";

const file = new URL(import.meta.url.endsWith(".ts") ? "./message-thread.ts" : "./message-thread.js", import.meta.url);

/**
 * Tries a message on a thread with a large stack; its errors keep their codes.
 *
 * @throws what `tryMessage` throws
 * @throws {HostFault} `host/aborted`, `host/worker-failed`
 */
export async function tryMessageOnThread(task: MessageTask, signal: AbortSignal): Promise<MessageOutcome> {
  const worker = startVmThread(file, task);
  try {
    const answer = await new Promise<MessageAnswer>((resolve, reject) => {
      const died = (reason: string): void => reject(new HostFault("host/worker-failed", { reason }));
      worker.once("message", resolve);
      worker.once("error", (error) => died(error instanceof Error ? error.message : String(error)));
      worker.once("exit", (code) => died(`exit code ${code}`));
      signal.addEventListener("abort", () => reject(abortFault(signal)), { once: true });
    });
    if ("outcome" in answer) return answer.outcome;
    throw errorOf(answer.error);
  } finally {
    await worker.terminate();
  }
}
