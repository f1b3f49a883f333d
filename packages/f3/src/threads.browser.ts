import { availableCores, type StartThread, type WebWorker, webThread } from "@copse/primitives/threads";
import type { ClaimAnswer, ClaimTask } from "./claim-task.ts";

declare const Worker: new (url: URL, options: { type: "module"; name: string }) => WebWorker;

/** Cores of the browser, less one for the page. */
export function defaultWorkers(): number {
  return availableCores() - 1;
}

/** Starts a module worker; bundlers that know workers find its script by this very expression. */
export const startThread: StartThread<ClaimTask, ClaimAnswer> = webThread(
  () => new Worker(new URL("./worker.browser.js", import.meta.url), { type: "module", name: "copse-f3" }),
);
