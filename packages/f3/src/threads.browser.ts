import type { ClaimThread, ClaimThreadEvents } from "./thread.ts";
import { type WebWorker, webThread } from "./web-thread.ts";

declare const Worker: new (url: URL, options: { type: "module"; name: string }) => WebWorker;
declare const navigator: { readonly hardwareConcurrency?: number } | undefined;

/** Cores of the browser, less one for the page. */
export function defaultWorkers(): number {
  return Math.max(1, (navigator?.hardwareConcurrency ?? 2) - 1);
}

/** Starts a module worker; bundlers that know workers find its script by this very expression. */
export function startThread(events: ClaimThreadEvents): ClaimThread {
  const create = (): WebWorker =>
    new Worker(new URL("./worker.browser.js", import.meta.url), { type: "module", name: "copse-f3" });
  return webThread(create)(events);
}
