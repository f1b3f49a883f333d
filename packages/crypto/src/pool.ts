import { type AbortOptions, abortFault, HostFault } from "@copse/primitives";
import { availableCores, type StartThread, type Thread } from "@copse/primitives/threads";
import { startThread } from "#threads";
import { encodeChecks } from "./check-wire.ts";
import { CryptoError } from "./errors.ts";
import { Job, type Part } from "./job.ts";
import type { SignatureCheck } from "./signature-check.ts";
import type { Answer, Task } from "./worker-task.ts";

export { type StartThread, type Thread, type ThreadEvents, type WebWorker, webThread } from "@copse/primitives/threads";
export type { Answer, Task } from "./worker-task.ts";

/** How a pool is made. */
export interface SignaturePoolOptions extends AbortOptions {
  /** Threads, each with its own engine. Default: the cores there are, less one. */
  readonly workers?: number | undefined;
  /** Most checks that may wait; more are refused, so that whoever brings them waits or sheds. Default 100,000. */
  readonly limit?: number | undefined;
  /** Starts a thread; default: a worker thread in Node, a module worker in browsers. */
  readonly start?: StartThread<Task, Answer> | undefined;
}

/** Checks signatures off this thread. */
export interface SignaturePool extends AsyncDisposable {
  /**
   * Checks signatures as `checkSignatures` does, in batches that may hold the checks of several callers.
   *
   * @returns for each check whether it is good
   * @throws {CryptoError} `crypto/pool-full`, `crypto/pool-closed`
   * @throws {HostFault} `host/aborted`; `host/worker-failed` when a worker died over a batch: the checks are neither good nor bad
   */
  check(checks: readonly SignatureCheck[], options?: AbortOptions): Promise<boolean[]>;
  /** Refuses what waits and ends the workers. */
  close(): Promise<void>;
}

/** A batch costs a fixed product of pairings: below this many BLS checks splitting it further saves no time. */
const leastCost = 8;
/** Longer batches save little (bench/README.md) and hold up whoever comes next. */
const mostCost = 256;
/** Deaths in a row without a worker becoming ready, after which the pool gives up. */
const patience = 3;

interface Slot {
  thread: Thread<Task>;
  ready: boolean;
  batch: readonly Part[] | undefined;
}

/**
 * Starts workers that check signatures. They are shut down by `close`, by the signal, or with the process: an idle pool
 * does not keep a process alive. A worker that dies is replaced.
 *
 * @example
 * await using pool = createSignaturePool({ workers: 2 });
 * const good = await pool.check(checks, { signal });
 */
export function createSignaturePool(options: SignaturePoolOptions = {}): SignaturePool {
  const pool = new Pool(options);
  return {
    check: (checks, more) => pool.check(checks, more),
    close: () => pool.close(),
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

class Pool {
  readonly #start: StartThread<Task, Answer>;
  readonly #limit: number;
  readonly #slots: Slot[] = [];
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => void this.close(abortFault(this.#signal as AbortSignal));
  #jobs: Job[] = [];
  #waiting = 0;
  #working = 0;
  #tasks = 0;
  #deaths = 0;
  #over: Error | undefined;

  constructor(options: SignaturePoolOptions) {
    this.#start = options.start ?? startThread;
    this.#limit = options.limit ?? 100_000;
    this.#signal = options.signal;
    if (this.#signal?.aborted === true) {
      this.#over = abortFault(this.#signal);
      return;
    }
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
    const workers = Math.max(1, options.workers ?? availableCores() - 1);
    for (let i = 0; i < workers; i++) this.#slots.push(this.#open());
  }

  async check(checks: readonly SignatureCheck[], { signal }: AbortOptions = {}): Promise<boolean[]> {
    if (this.#over !== undefined) throw this.#over;
    if (signal?.aborted === true) throw abortFault(signal);
    if (checks.length === 0) return [];
    if (this.#waiting > 0 && this.#waiting + checks.length > this.#limit) {
      throw new CryptoError("crypto/pool-full", { waiting: this.#waiting, limit: this.#limit });
    }
    const job = new Job(checks);
    const onAbort = (): void => this.#drop(job, abortFault(signal as AbortSignal));
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#jobs.push(job);
    this.#waiting += checks.length;
    if (this.#working++ === 0) for (const slot of this.#slots) slot.thread.hold(true);
    this.#dispatch();
    try {
      return await job.result;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      if (--this.#working === 0) for (const slot of this.#slots) slot.thread.hold(false);
    }
  }

  async close(reason: Error = new CryptoError("crypto/pool-closed", {})): Promise<void> {
    this.#over ??= reason;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#failAll(this.#over);
    await Promise.all(this.#slots.splice(0).map((slot) => slot.thread.stop()));
  }

  #open(): Slot {
    const slot: Slot = { thread: undefined as unknown as Thread<Task>, ready: false, batch: undefined };
    slot.thread = this.#start({
      answered: (answer) => this.#answered(slot, answer),
      died: (reason) => this.#died(slot, reason),
    });
    slot.thread.hold(this.#working > 0);
    return slot;
  }

  #answered(slot: Slot, answer: Answer): void {
    const batch = slot.batch ?? [];
    slot.batch = undefined;
    slot.ready = true;
    this.#deaths = 0;
    if (answer.kind === "done")
      for (const [i, part] of batch.entries()) part.job.settle(part.index, answer.good[i] === 1);
    if (answer.kind === "failed") this.#failBatch(batch, answer.reason);
    this.#dispatch();
  }

  #died(slot: Slot, reason: string): void {
    this.#failBatch(slot.batch ?? [], reason);
    const at = this.#slots.indexOf(slot);
    if (at < 0 || this.#over !== undefined) return;
    if (++this.#deaths < patience * this.#slots.length) {
      this.#slots[at] = this.#open();
      return;
    }
    void this.close(new HostFault("host/worker-failed", { reason: `no worker starts: ${reason}` }));
  }

  /** Hands waiting checks to idle workers: evenly where few wait, in batches where many do. */
  #dispatch(): void {
    for (const slot of this.#slots) {
      if (this.#waiting === 0) return;
      if (!slot.ready || slot.batch !== undefined) continue;
      const cost = this.#jobs.reduce((sum, job) => sum + job.waitingCost, 0);
      const batch = this.#take(Math.min(mostCost, Math.max(leastCost, cost / this.#slots.length)));
      slot.batch = batch;
      const checks = encodeChecks(batch.map((part) => part.check));
      slot.thread.send({ id: this.#tasks++, checks }, [checks.buffer]);
    }
  }

  /** Takes checks from the front, at least one, until they cost about `enough`. */
  #take(enough: number): readonly Part[] {
    const parts: Part[] = [];
    let cost = 0;
    for (let job = this.#jobs[0]; job !== undefined; job = this.#jobs[0]) {
      const next = job.nextCost;
      if (parts.length > 0 && cost + next / 2 > enough) break; // nearer to it without the next one
      parts.push(job.take());
      cost += next;
      if (job.waiting === 0) this.#jobs.shift();
    }
    this.#waiting -= parts.length;
    return parts;
  }

  #drop(job: Job, reason: Error): void {
    const at = this.#jobs.indexOf(job);
    if (at >= 0) {
      this.#jobs.splice(at, 1);
      this.#waiting -= job.waiting;
    }
    job.fail(reason);
  }

  #failBatch(batch: readonly Part[], reason: string): void {
    for (const job of new Set(batch.map((part) => part.job))) {
      this.#drop(job, new HostFault("host/worker-failed", { reason }));
    }
  }

  #failAll(reason: Error): void {
    for (const job of [...this.#jobs]) this.#drop(job, reason);
    for (const slot of this.#slots) for (const part of slot.batch ?? []) part.job.fail(reason);
  }
}
