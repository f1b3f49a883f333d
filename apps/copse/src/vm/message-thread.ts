import { parentPort, workerData } from "node:worker_threads";
import { installFastest } from "@copse/crypto/fastest";
import { isCopseError } from "@copse/primitives";
import type { MessageAnswer, MessageTask } from "./message-task.ts";
import { tryMessage } from "./try-message.ts";

/** The body of the thread that tries a message. */
const port = parentPort;
if (port !== null) {
  await installFastest();
  const answer = await tryMessage(workerData as MessageTask).then(
    (outcome): MessageAnswer => ({ outcome }),
    (error: unknown): MessageAnswer => {
      const message = error instanceof Error ? error.message : String(error);
      const known = isCopseError(error)
        ? { code: error.code, facts: error.facts }
        : { code: undefined, facts: undefined };
      return { error: { ...known, message } };
    },
  );
  port.postMessage(answer);
}
