import { installFastest } from "./fastest.ts";
import { type Answer, answer, type Task } from "./worker-task.ts";

/** What a web worker's global scope does for us; the `webworker` types would clash with Node's. */
interface WorkerScope {
  onmessage: ((event: { readonly data: Task }) => void) | null;
  postMessage(message: Answer, transfer: readonly ArrayBuffer[]): void;
}

/**
 * Makes a web worker one of a signature pool's: the whole body of the worker's script. Resolves when its engine stands.
 *
 * @example
 * // signatures.js, which the page starts by webThread(() => new Worker(new URL("./signatures.js", import.meta.url)))
 * import { serveChecks } from "@copse/crypto/worker";
 * await serveChecks();
 */
export async function serveChecks(): Promise<void> {
  const scope = globalThis as unknown as WorkerScope;
  await installFastest();
  scope.onmessage = ({ data }) => {
    const reply = answer(data);
    scope.postMessage(reply, reply.kind === "done" ? [reply.good.buffer] : []);
  };
  scope.postMessage({ kind: "ready" }, []);
}
