import { parentPort } from "node:worker_threads";
import { installFastest } from "@copse/crypto/fastest";
import { type ClaimAnswer, type ClaimTask, createClaimWorker } from "./claim-task.ts";

/** The body of a worker thread of the pool. */
const port = parentPort;
if (port !== null) {
  await installFastest();
  const work = createClaimWorker();
  port.on("message", (task: ClaimTask) => port.postMessage(work(task)));
  port.postMessage({ kind: "ready" } satisfies ClaimAnswer);
}
