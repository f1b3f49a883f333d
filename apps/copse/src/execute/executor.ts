import type { Worker } from "node:worker_threads";
import type { BlockPair } from "@copse/ipld";
import { type AbortOptions, abortFault, assertNotAborted, HostFault } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { startVmThread } from "@copse/vm/node";
import { errorOf } from "../vm/thread-error.ts";
import type { Executed, ExecutorAnswer, ExecutorStart, ExecutorTask } from "./executor-task.ts";
import { unpackBlocks } from "./pack-blocks.ts";

const file: URL = new URL(
  import.meta.url.endsWith(".ts") ? "./executor-thread.ts" : "./executor-thread.js",
  import.meta.url,
);

/** What came of a tipset. */
export interface ExecutorResult {
  readonly executed: Executed;
  /** Every block of its state and receipts that is new. */
  readonly blocks: readonly BlockPair[];
  /** Unit: ms. */
  readonly tookMs: number;
  /** To be called once the blocks are in the database: the thread keeps them until then. */
  readonly stored: () => void;
}

/** Executes stored tipsets on a thread of its own, in the order they are asked for. */
export interface Executor {
  /**
   * Executes a tipset whose messages are stored, and the state after its parents.
   *
   * @throws {VmError} {ChainError} as `executeTipset`
   * @throws {HostFault} `host/block-missing`, `host/aborted`; `host/worker-failed` where it ended several threads
   */
  execute(key: TipsetKey, options?: AbortOptions): Promise<ExecutorResult>;
  /** Ends the thread; a tipset under way is given up. */
  close(): Promise<void>;
}

/** A tipset that was asked for, until it is answered. */
interface Waiting {
  readonly key: TipsetKey;
  /** Whoever asked has left: a thread that begins anew is not told of it. */
  readonly isLeft: () => boolean;
  readonly resolve: (result: ExecutorResult) => void;
  readonly reject: (error: unknown) => void;
}

/** What is used of a thread. */
export type ExecutorWorker = Pick<Worker, "on" | "postMessage" | "terminate" | "unref">;

/** What an executor has its threads from. */
export interface ExecutorParts {
  readonly begin: (start: ExecutorStart) => ExecutorWorker;
  /** Calls back after so many ms, unless it is called off. */
  readonly after: (ms: number, then: () => void) => { readonly callOff: () => void };
}

/** A tipset at which so many threads died is given up. */
const mostDeaths = 3;
/** How long nothing is begun after a thread died; twice as long after the next. Unit: ms. */
const pauseMs = 1000;
/** Tipsets whose deaths are remembered. */
const maxDeaths = 256;

/** How long a thread may take to end by itself. Unit: ms. */
const endMs = 2000;

const threads: ExecutorParts = {
  begin: (start) => startVmThread(file, start),
  after(ms, then) {
    const timer = setTimeout(then, ms);
    return { callOff: () => clearTimeout(timer) };
  },
};

/**
 * An executor; its thread begins with the first tipset. Where it dies another takes its place after a while, and what was
 * not answered is asked of it; a tipset at which three died fails with `host/worker-failed`, each time it is asked for.
 */
export function createExecutor(start: Omit<ExecutorStart, "stop">, parts: ExecutorParts = threads): Executor {
  return new ThreadExecutor(start, parts);
}

class ThreadExecutor implements Executor {
  readonly #start: ExecutorStart;
  readonly #parts: ExecutorParts;
  readonly #waiting = new Map<number, Waiting>();
  /** How many threads died at a tipset, by its key. */
  readonly #deaths = new Map<string, number>();
  #worker: ExecutorWorker | undefined;
  #exited: Promise<void> = Promise.resolve();
  #pause: ReturnType<ExecutorParts["after"]> | undefined;
  #last = 0;
  #closed: HostFault | undefined;

  constructor(start: Omit<ExecutorStart, "stop">, parts: ExecutorParts) {
    this.#start = { ...start, stop: new Int32Array(new SharedArrayBuffer(4)) };
    this.#parts = parts;
  }

  execute(key: TipsetKey, { signal }: AbortOptions = {}): Promise<ExecutorResult> {
    return new Promise((resolve, reject) => {
      assertNotAborted(signal);
      if (this.#closed !== undefined) throw this.#closed;
      const deaths = this.#deaths.get(TipsetKey.key(key)) ?? 0;
      if (deaths >= mostDeaths) throw given(deaths, "it is not tried again");
      const id = ++this.#last;
      const stop = (): void => reject(abortFault(signal as AbortSignal)); // the thread goes on to the tipset's end
      signal?.addEventListener("abort", stop, { once: true });
      const over = (): void => signal?.removeEventListener("abort", stop);
      this.#waiting.set(id, {
        key,
        isLeft: () => signal?.aborted === true,
        resolve(result) {
          over();
          resolve(result);
        },
        reject(error) {
          over();
          reject(error as Error);
        },
      });
      if (this.#pause === undefined) this.#tell(id, key);
    });
  }

  async close(): Promise<void> {
    this.#closed ??= new HostFault("host/aborted", { reason: "the node ends" });
    this.#pause?.callOff();
    const worker = this.#worker;
    if (worker === undefined) {
      this.#rejectAll(this.#closed);
      return;
    }
    Atomics.store(this.#start.stop, 0, 1);
    worker.postMessage({ kind: "end" } satisfies ExecutorTask);
    const late = setTimeout(() => void worker.terminate(), endMs);
    await this.#exited;
    clearTimeout(late);
  }

  #tell(id: number, key: TipsetKey): void {
    const worker = this.#worker ?? this.#begin();
    this.#worker = worker;
    worker.postMessage({ kind: "execute", id, key: Uint8Array.from(key) } satisfies ExecutorTask);
  }

  #begin(): ExecutorWorker {
    const worker = this.#parts.begin(this.#start);
    worker.unref(); // it holds up no process that ends otherwise
    worker.on("message", (answer: ExecutorAnswer) => this.#answered(answer, worker));
    let reason: string | undefined;
    worker.on("error", (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    // an exit follows every error
    this.#exited = new Promise((resolve) => {
      worker.on("exit", (code) => {
        this.#died(reason ?? `the thread that executes ended with ${code}`);
        resolve();
      });
    });
    return worker;
  }

  #answered(answer: ExecutorAnswer, worker: ExecutorWorker): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (waiting !== undefined) this.#deaths.delete(TipsetKey.key(waiting.key));
    if ("error" in answer) {
      waiting?.reject(errorOf(answer.error));
      return;
    }
    const { id, executed, blocks, tookMs } = answer;
    const stored = (): void => {
      // another thread keeps none of its blocks
      if (this.#worker === worker && this.#closed === undefined) {
        worker.postMessage({ kind: "stored", id } satisfies ExecutorTask);
      }
    };
    waiting?.resolve({ executed, blocks: unpackBlocks(blocks), tookMs, stored });
  }

  /** A thread takes tipsets in the order they were asked for: the first that has no answer is the one it died at. */
  #died(reason: string): void {
    this.#worker = undefined;
    if (this.#closed !== undefined) this.#rejectAll(this.#closed);
    const [at] = this.#waiting;
    if (at === undefined) return; // the next tipset begins one
    const [id, { key, reject }] = at;
    const name = TipsetKey.key(key);
    const deaths = (this.#deaths.get(name) ?? 0) + 1;
    this.#deaths.set(name, deaths);
    if (this.#deaths.size > maxDeaths) this.#deaths.delete(this.#deaths.keys().next().value ?? "");
    if (deaths >= mostDeaths) {
      this.#waiting.delete(id);
      reject(given(deaths, reason));
    }
    this.#pause = this.#parts.after(pauseMs * 2 ** (deaths - 1), () => this.#resume());
  }

  #resume(): void {
    this.#pause = undefined;
    for (const [id, { key, isLeft }] of [...this.#waiting]) {
      if (isLeft()) this.#waiting.delete(id);
      else this.#tell(id, key);
    }
  }

  #rejectAll(error: HostFault): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function given(deaths: number, reason: string): HostFault {
  return new HostFault("host/worker-failed", { reason: `${deaths} threads ended at this tipset: ${reason}` });
}
