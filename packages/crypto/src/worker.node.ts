import { parentPort } from "node:worker_threads";
import { installFastest } from "./fastest.ts";
import { type Answer, answer, type Task } from "./worker-task.ts";

/** The body of a worker thread of the signature pool. */
const port = parentPort;
if (port !== null) {
  await installFastest();
  port.on("message", (task: Task) => {
    const reply = answer(task);
    port.postMessage(reply, reply.kind === "done" ? [reply.good.buffer] : []);
  });
  port.postMessage({ kind: "ready" } satisfies Answer);
}
