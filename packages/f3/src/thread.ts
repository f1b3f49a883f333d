import type { ClaimAnswer, ClaimTask } from "./claim-task.ts";

/** A worker as the pool sees it, whatever the platform. */
export interface ClaimThread {
  send(task: ClaimTask): void;
  /** Whether the process must stay alive for it: true while there is work. */
  hold(working: boolean): void;
  /** Ends the worker; no event comes after. */
  stop(): Promise<void>;
}

/** What a thread tells the pool. `died` comes once at most. */
export interface ClaimThreadEvents {
  answered(answer: ClaimAnswer): void;
  died(reason: string): void;
}

/** Starts a worker. */
export type StartClaimThread = (events: ClaimThreadEvents) => ClaimThread;
