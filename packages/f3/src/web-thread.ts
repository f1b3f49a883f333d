import type { ClaimAnswer, ClaimTask } from "./claim-task.ts";
import type { StartClaimThread } from "./thread.ts";

/** What the pool uses of a browser's `Worker`; the `dom` types would let the DOM into every package. */
export interface WebWorker {
  onmessage: ((event: { readonly data: ClaimAnswer }) => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
  postMessage(task: ClaimTask): void;
  terminate(): void;
}

/**
 * Threads from web workers whose script calls `serveClaims`: for pages whose bundler needs to see the worker made in the
 * page's own code.
 *
 * @example
 * const start = webThread(() => new Worker(new URL("./certificates.js", import.meta.url), { type: "module" }));
 * createF3Pool({ start, workers: 2 });
 */
export function webThread(create: () => WebWorker): StartClaimThread {
  return (events) => {
    const worker = create();
    const end = (): void => {
      worker.onmessage = null;
      worker.onerror = null;
      worker.terminate();
    };
    worker.onmessage = ({ data }) => events.answered(data);
    worker.onerror = ({ message }) => {
      end();
      events.died(message ?? "the worker's script failed");
    };
    return {
      send: (task) => worker.postMessage(task),
      hold() {}, // a page lives as long as it is open
      async stop() {
        end();
      },
    };
  };
}
