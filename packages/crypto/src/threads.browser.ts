import { type StartThread, type WebWorker, webThread } from "@copse/primitives/threads";
import type { Answer, Task } from "./worker-task.ts";

declare const Worker: new (url: URL, options: { type: "module"; name: string }) => WebWorker;

/** Starts a module worker; bundlers that know workers find its script by this very expression. */
export const startThread: StartThread<Task, Answer> = webThread(
  () => new Worker(new URL("./worker.browser.js", import.meta.url), { type: "module", name: "copse-signatures" }),
);
