import type { RemoteClock } from "../../src/remote.ts";

/** A clock that stands still until it is moved. */
export class FakeClock implements RemoteClock {
  #now = 0;
  readonly #tasks = new Set<{ at: number; task: () => void }>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, task: () => void): () => void {
    const entry = { at: this.#now + delayMs, task };
    this.#tasks.add(entry);
    return () => this.#tasks.delete(entry);
  }

  /** Delays of what is waited for, from now, shortest first. */
  get waits(): number[] {
    return Array.from(this.#tasks, ({ at }) => at - this.#now).sort((a, b) => a - b);
  }

  /** Moves on, running what falls due, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = Array.from(this.#tasks)
        .filter(({ at }) => at <= end)
        .sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#tasks.delete(due);
      this.#now = due.at;
      due.task();
    }
    this.#now = end;
  }
}

/** Lets everything that is ready run. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
