import { equalBytes } from "@copse/primitives";
import type { Claim } from "./advance.ts";
import { type BadClaim, ClaimChecker } from "./check-claims.ts";
import type { KeyList } from "./power-table.ts";

/** What goes to a worker: plain data. */
export interface ClaimTask {
  readonly id: number;
  /** The different key lists of the claims: 48 B a key. */
  readonly lists: readonly Uint8Array[];
  readonly claims: readonly TaskClaim[];
}

/** A claim whose keys are one of the task's lists. */
export interface TaskClaim extends Omit<Claim, "keys"> {
  readonly list: number;
}

/** What comes back. `ready` is the first thing a worker says. */
export type ClaimAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly id: number; readonly bad: BadClaim | undefined }
  | { readonly kind: "failed"; readonly id: number; readonly reason: string };

/** Claims as a task. */
export function taskOf(id: number, claims: readonly Claim[]): ClaimTask {
  const places = new Map<KeyList, number>();
  const taskClaims = claims.map(({ keys, ...claim }): TaskClaim => {
    const list = places.get(keys) ?? places.size;
    places.set(keys, list);
    return { ...claim, list };
  });
  return { id, lists: [...places.keys()].map(({ bytes }) => bytes), claims: taskClaims };
}

/** A worker's work: checks task after task; what goes wrong is told, not thrown, so that the worker lives on. */
export function createClaimWorker(): (task: ClaimTask) => ClaimAnswer {
  const checker = new ClaimChecker((length) => crypto.getRandomValues(new Uint8Array(length)));
  let last: KeyList = { bytes: new Uint8Array(0), count: 0 };
  // a list that came with the last task is known by its bytes, and so is all that was made of it
  const known = (bytes: Uint8Array): KeyList => {
    if (!equalBytes(bytes, last.bytes)) last = { bytes, count: bytes.length / 48 };
    return last;
  };
  return ({ id, lists, claims }) => {
    try {
      const keys = lists.map(known);
      const whole = claims.map(({ list, ...claim }): Claim => ({ ...claim, keys: keys[list] as KeyList }));
      return { kind: "done", id, bad: checker.firstBad(whole) };
    } catch (error) {
      return { kind: "failed", id, reason: error instanceof Error ? error.message : String(error) };
    }
  };
}
