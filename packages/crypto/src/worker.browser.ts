import { installFastest } from "./fastest.ts";
import { type Answer, answer, type Task } from "./worker-task.ts";

/** What we use of a worker's global scope; the `webworker` types would clash with Node's. */
interface Scope {
  readonly WorkerGlobalScope?: unknown;
  onmessage: ((event: { readonly data: Task }) => void) | null;
  postMessage(message: Answer, transfer: readonly ArrayBuffer[]): void;
}

/** The body of a browser worker of the signature pool: the entry of the worker's bundle. Elsewhere it does nothing. */
const scope = globalThis as unknown as Scope;
if (scope.WorkerGlobalScope !== undefined) {
  await installFastest();
  scope.onmessage = ({ data }) => {
    const reply = answer(data);
    scope.postMessage(reply, reply.kind === "done" ? [reply.good.buffer] : []);
  };
  scope.postMessage({ kind: "ready" }, []);
}
