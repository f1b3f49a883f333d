import { parentPort, workerData } from "node:worker_threads";
import { installFastest } from "@copse/crypto/fastest";
import type { MessageAnswer, MessageTask } from "./message-task.ts";
import { partsOf } from "./thread-error.ts";
import { tryMessage } from "./try-message.ts";

/** The body of the thread that tries a message. */
const port = parentPort;
if (port !== null) {
  await installFastest();
  const answer = await tryMessage(workerData as MessageTask).then(
    (outcome): MessageAnswer => ({ outcome }),
    (error: unknown): MessageAnswer => ({ error: partsOf(error) }),
  );
  port.postMessage(answer);
}
