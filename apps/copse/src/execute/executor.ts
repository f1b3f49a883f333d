import type { Worker } from "node:worker_threads";
import type { BlockPair } from "@copse/ipld";
import { type AbortOptions, abortFault, assertNotAborted, HostFault } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
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
   * @throws {HostFault} `host/block-missing`, `host/worker-failed`, `host/aborted`
   */
  execute(key: TipsetKey, options?: AbortOptions): Promise<ExecutorResult>;
  /** Ends the thread; a tipset under way is given up. */
  close(): Promise<void>;
}

type Waiting = { readonly resolve: (result: ExecutorResult) => void; readonly reject: (error: unknown) => void };

/** How long a thread may take to end by itself. Unit: ms. */
const endMs = 2000;

/** An executor; its thread begins with the first tipset. */
export function createExecutor(start: Omit<ExecutorStart, "stop">): Executor {
  return new ThreadExecutor(start);
}

class ThreadExecutor implements Executor {
  readonly #start: ExecutorStart;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #exited: Promise<void> = Promise.resolve();
  #last = 0;
  #failure: HostFault | undefined;

  constructor(start: Omit<ExecutorStart, "stop">) {
    this.#start = { ...start, stop: new Int32Array(new SharedArrayBuffer(4)) };
  }

  execute(key: TipsetKey, { signal }: AbortOptions = {}): Promise<ExecutorResult> {
    return new Promise((resolve, reject) => {
      assertNotAborted(signal);
      if (this.#failure !== undefined) throw this.#failure;
      const id = ++this.#last;
      const stop = (): void => reject(abortFault(signal as AbortSignal)); // the thread goes on to the tipset's end
      signal?.addEventListener("abort", stop, { once: true });
      const over = (): void => signal?.removeEventListener("abort", stop);
      this.#waiting.set(id, {
        resolve(result) {
          over();
          resolve(result);
        },
        reject(error) {
          over();
          reject(error as Error);
        },
      });
      this.#tell({ kind: "execute", id, key: Uint8Array.from(key) });
    });
  }

  async close(): Promise<void> {
    this.#failure ??= new HostFault("host/aborted", { reason: "the node ends" });
    if (this.#worker === undefined) return;
    Atomics.store(this.#start.stop, 0, 1);
    this.#tell({ kind: "end" });
    const late = setTimeout(() => void this.#worker?.terminate(), endMs);
    await this.#exited;
    clearTimeout(late);
  }

  #tell(task: ExecutorTask): void {
    this.#worker ??= this.#begin();
    this.#worker.postMessage(task);
  }

  #begin(): Worker {
    const worker = startVmThread(file, this.#start);
    worker.unref(); // it holds up no process that ends otherwise
    worker.on("message", (answer: ExecutorAnswer) => this.#answered(answer));
    worker.on("error", (error) => this.#died(error instanceof Error ? error.message : String(error)));
    this.#exited = new Promise((resolve) => {
      worker.on("exit", (code) => {
        this.#died(`the thread that executes ended with ${code}`);
        resolve();
      });
    });
    return worker;
  }

  #answered(answer: ExecutorAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("error" in answer) {
      waiting?.reject(errorOf(answer.error));
      return;
    }
    const { id, executed, blocks, tookMs } = answer;
    const stored = (): void => {
      if (this.#failure === undefined) this.#tell({ kind: "stored", id });
    };
    waiting?.resolve({ executed, blocks: unpackBlocks(blocks), tookMs, stored });
  }

  #died(reason: string): void {
    this.#failure ??= new HostFault("host/worker-failed", { reason });
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}
