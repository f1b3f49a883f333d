import type { StartThread } from "./thread.ts";

/** What is used of a browser's `Worker`, which is one; the `dom` types would let the DOM into every package. */
export interface WebWorker {
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "error", listener: (event: { readonly message?: string }) => void): void;
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  terminate(): void;
}

/**
 * Threads from web workers: for pages whose bundler needs to see the worker made in the page's own code. Whoever takes
 * tasks says what the worker's script is: `serveChecks` of `@copse/crypto/worker`, `serveClaims` of `@copse/f3/worker`.
 *
 * @example
 * const start = webThread(() => new Worker(new URL("./signatures.js", import.meta.url), { type: "module" }));
 * createSignaturePool({ start, workers: 2 });
 */
export function webThread<Task, Answer>(create: () => WebWorker): StartThread<Task, Answer> {
  return (events) => {
    const worker = create();
    let over = false;
    const end = (): void => {
      over = true;
      worker.terminate();
    };
    worker.addEventListener("message", ({ data }) => {
      if (!over) events.answered(data as Answer);
    });
    worker.addEventListener("error", ({ message }) => {
      if (over) return;
      end();
      events.died(message ?? "the worker's script failed");
    });
    return {
      send: (task, transfer = []) => worker.postMessage(task, [...transfer]),
      hold() {}, // a page lives as long as it is open
      async stop() {
        end();
      },
    };
  };
}
