import type { Answer, Task } from "./worker-task.ts";

/** A worker as the pool sees it, whatever the platform. */
export interface Thread {
  /** Sends a task; its buffer is transferred. */
  send(task: Task): void;
  /** Whether the process must stay alive for it: true while it has a task. */
  hold(working: boolean): void;
  /** Ends the worker; no event comes after. */
  stop(): Promise<void>;
}

/** What a thread tells the pool. `died` comes once at most. */
export interface ThreadEvents {
  answered(answer: Answer): void;
  died(reason: string): void;
}

/** Starts a worker. */
export type StartThread = (events: ThreadEvents) => Thread;
