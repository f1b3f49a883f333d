import { installFastest } from "@copse/crypto/fastest";
import { type ClaimAnswer, type ClaimTask, createClaimWorker } from "./claim-task.ts";

/** What a web worker's global scope does for us; the `webworker` types would clash with Node's. */
interface WorkerScope {
  onmessage: ((event: { readonly data: ClaimTask }) => void) | null;
  postMessage(message: ClaimAnswer): void;
}

/**
 * Makes a web worker one of a pool's: the whole body of the worker's script. Resolves when its engine stands.
 *
 * @example
 * // certificates.js, which the page starts by webThread(() => new Worker(new URL("./certificates.js", import.meta.url)))
 * import { serveClaims } from "@copse/f3/worker";
 * await serveClaims();
 */
export async function serveClaims(): Promise<void> {
  const scope = globalThis as unknown as WorkerScope;
  await installFastest();
  const work = createClaimWorker();
  scope.onmessage = ({ data }) => scope.postMessage(work(data));
  scope.postMessage({ kind: "ready" });
}
