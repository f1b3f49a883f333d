/** A worker as whoever gives it tasks sees it, whatever the platform. */
export interface Thread<Task> {
  /** Sends a task; the buffers that are named are transferred, the rest is copied. */
  send(task: Task, transfer?: readonly ArrayBuffer[]): void;
  /** Whether the process must stay alive for it: true while it has a task. */
  hold(working: boolean): void;
  /** Ends the worker; no event comes after. */
  stop(): Promise<void>;
}

/** What a thread tells. `died` comes once at most, and nothing after it. */
export interface ThreadEvents<Answer> {
  answered(answer: Answer): void;
  died(reason: string): void;
}

/** Starts a worker. */
export type StartThread<Task, Answer> = (events: ThreadEvents<Answer>) => Thread<Task>;
