export type { StartThread, Thread, ThreadEvents } from "./thread.ts";
export { type WebWorker, webThread } from "./web-thread.ts";

declare const navigator: { readonly hardwareConcurrency?: number } | undefined;

/** Cores of the browser's machine, as far as it tells. */
export function availableCores(): number {
  return navigator?.hardwareConcurrency ?? 2;
}
