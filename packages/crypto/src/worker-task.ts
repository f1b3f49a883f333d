import { checkSignatures } from "./check-signatures.ts";
import { decodeChecks } from "./check-wire.ts";

/** What goes to a worker: encoded checks, and a number to tell answers apart. */
export interface Task {
  readonly id: number;
  readonly checks: Uint8Array<ArrayBuffer>;
}

/** What comes back: one byte a check, 1 for good. `ready` is the first thing a worker says. */
export type Answer =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly id: number; readonly good: Uint8Array<ArrayBuffer> }
  | { readonly kind: "failed"; readonly id: number; readonly reason: string };

/** Does a task; what goes wrong is told, not thrown, so that the worker lives on. */
export function answer(task: Task): Answer {
  try {
    const good = checkSignatures(decodeChecks(task.checks), {
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    });
    return { kind: "done", id: task.id, good: Uint8Array.from(good, Number) };
  } catch (error) {
    return { kind: "failed", id: task.id, reason: error instanceof Error ? error.message : String(error) };
  }
}
