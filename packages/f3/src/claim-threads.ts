import { abortFault, HostFault } from "@copse/primitives";
import type { StartThread, Thread } from "@copse/primitives/threads";
import type { Claim } from "./advance.ts";
import type { BadClaim } from "./check-claims.ts";
import { type ClaimAnswer, type ClaimTask, taskOf } from "./claim-task.ts";

/** Deaths in a row without a worker becoming ready, for each worker, after which no more are started. */
const patience = 3;

interface Job {
  readonly task: ClaimTask;
  resolve(bad: BadClaim | undefined): void;
  reject(reason: Error): void;
}

interface Slot {
  thread: Thread<ClaimTask>;
  ready: boolean;
  job: Job | undefined;
}

/** Workers and the jobs that wait for them, first come first served. A worker that dies is replaced. */
export class ClaimThreads {
  readonly size: number;
  readonly #start: StartThread<ClaimTask, ClaimAnswer>;
  readonly #slots: Slot[] = [];
  #jobs: Job[] = [];
  #next = 0;
  #deaths = 0;
  #over: Error | undefined;

  constructor(size: number, start: StartThread<ClaimTask, ClaimAnswer>) {
    this.size = size;
    this.#start = start;
    for (let i = 0; i < size; i++) this.#slots.push(this.#open());
  }

  /** Why there are no workers any more. */
  get over(): Error | undefined {
    return this.#over;
  }

  /** Which claim is the first bad one; `undefined` where none is. A signal takes the job out while it waits. */
  async check(claims: readonly Claim[], signal: AbortSignal): Promise<BadClaim | undefined> {
    if (this.#over !== undefined) throw this.#over;
    const { promise, resolve, reject } = Promise.withResolvers<BadClaim | undefined>();
    const job: Job = { task: taskOf(this.#next++, claims), resolve, reject };
    const drop = (): void => {
      this.#jobs = this.#jobs.filter((other) => other !== job);
      reject(abortFault(signal)); // not an answer: nobody may take it for one
    };
    signal.addEventListener("abort", drop, { once: true });
    this.#jobs.push(job);
    this.#dispatch();
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", drop); // it would hold the claims and their keys
    }
  }

  async close(reason: Error): Promise<void> {
    this.#over ??= reason;
    for (const job of this.#jobs.splice(0)) job.reject(this.#over);
    const slots = this.#slots.splice(0);
    for (const { job } of slots) job?.reject(this.#over);
    await Promise.all(slots.map(({ thread }) => thread.stop()));
  }

  #open(): Slot {
    const slot: Slot = { thread: undefined as unknown as Thread<ClaimTask>, ready: false, job: undefined };
    slot.thread = this.#start({
      answered: (answer) => this.#answered(slot, answer),
      died: (reason) => this.#died(slot, reason),
    });
    slot.thread.hold(this.#jobs.length > 0);
    return slot;
  }

  #answered(slot: Slot, answer: ClaimAnswer): void {
    const { job } = slot;
    slot.job = undefined;
    slot.ready = true;
    this.#deaths = 0;
    if (answer.kind === "done") job?.resolve(answer.bad);
    if (answer.kind === "failed") job?.reject(new HostFault("host/worker-failed", { reason: answer.reason }));
    this.#dispatch();
  }

  #died(slot: Slot, reason: string): void {
    slot.job?.reject(new HostFault("host/worker-failed", { reason }));
    const at = this.#slots.indexOf(slot);
    if (at < 0 || this.#over !== undefined) return;
    if (++this.#deaths < patience * this.size) {
      this.#slots[at] = this.#open();
      return;
    }
    void this.close(new HostFault("host/worker-failed", { reason: `no worker starts: ${reason}` }));
  }

  #dispatch(): void {
    for (const slot of this.#slots) {
      if (slot.ready && slot.job === undefined) {
        slot.job = this.#jobs.shift();
        if (slot.job !== undefined) slot.thread.send(slot.job.task);
      }
      // a worker that starts keeps the process alive while a job waits for it
      slot.thread.hold(slot.job !== undefined || (!slot.ready && this.#jobs.length > 0));
    }
  }
}
