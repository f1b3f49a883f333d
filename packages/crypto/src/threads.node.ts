import { type StartThread, workerThread } from "@copse/primitives/threads";
import type { Answer, Task } from "./worker-task.ts";

/** Starts a worker thread, from source where this file runs from source, else from `dist`. */
export const startThread: StartThread<Task, Answer> = workerThread(
  () => new URL(import.meta.url.endsWith(".ts") ? "./worker.node.ts" : "./worker.node.js", import.meta.url),
  "copse-signatures",
);
