import { HostFault } from "@copse/primitives";
import { startVmThread } from "@copse/vm/node";
import { errorOf } from "../vm/thread-error.ts";
import type { DevnetAnswer, DevnetTask } from "./devnet-task.ts";

/** A local chain as it was made. */
export type MadeDevnet = Extract<DevnetAnswer, { readonly kind: "done" }>;

const file: URL = new URL(
  import.meta.url.endsWith(".ts") ? "./devnet-thread.ts" : "./devnet-thread.js",
  import.meta.url,
);

/**
 * Makes a local chain on a thread with a stack that machines need.
 *
 * @throws {VmError} `vm/bundle-absent`, `vm/genesis-failed`
 * @throws {HostFault} `host/aborted`, `host/worker-failed`
 */
export async function makeDevnet(
  task: DevnetTask,
  onEpoch: (height: number) => void,
  signal: AbortSignal,
): Promise<MadeDevnet> {
  const worker = startVmThread(file, task);
  const stop = (): void => void worker.terminate();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise<MadeDevnet>((resolve, reject) => {
      worker.on("message", (answer: DevnetAnswer) => {
        if (answer.kind === "done") resolve(answer);
        else if (answer.kind === "failed") reject(errorOf(answer.error));
        else onEpoch(answer.height);
      });
      worker.on("error", reject);
      worker.on("exit", (code) => {
        const reason = signal.aborted ? "stopped" : `the thread ended with ${code}`;
        reject(new HostFault(signal.aborted ? "host/aborted" : "host/worker-failed", { reason }));
      });
    });
  } finally {
    signal.removeEventListener("abort", stop);
    await worker.terminate();
  }
}
