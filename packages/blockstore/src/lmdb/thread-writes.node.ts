import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { HostFault } from "@copse/primitives";
import { packChanges } from "./packed-changes.ts";
import type { LmdbOptions } from "./tables.ts";
import type { Changes, Writes } from "./writes.ts";

/** What the thread starts from. */
export interface WriterStart {
  readonly path: string;
  readonly options: LmdbOptions;
  readonly port: MessagePort;
  /** Jobs answered so far, for {@link Writes.applySync} to sleep on; then 1 once the thread has ended. */
  readonly answered: Int32Array;
}

/** Jobs are answered in their order; job 0 is the opening. `changes` absent: close. */
export type WriterJob = { readonly changes?: Uint8Array };
/** The answer to a job: done, or what failed and why. */
export type WriterAnswer = { readonly operation: string; readonly reason: string } | "done";

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes on a thread of its own: neither the work of a commit nor its wait for the disk holds up this one.
 *
 * @throws {HostFault} `host/store-failed` as from the thread
 */
export async function openThreadWrites(path: string, options: LmdbOptions, written: () => void): Promise<Writes> {
  const writes = new ThreadWrites(path, options, written);
  await writes.opened;
  return writes;
}

class ThreadWrites implements Writes {
  readonly opened: Promise<void>;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #answered: Int32Array = new Int32Array(new SharedArrayBuffer(8));
  readonly #written: () => void;
  readonly #exited: Promise<void>;
  #waiting: Waiting[] = [];
  /** Jobs sent and answers taken; 32 bits that wrap are enough, since only their difference counts. */
  #sent = 0;
  #taken = 0;
  #dead: HostFault | undefined;
  #closed: Promise<void> | undefined;

  constructor(path: string, options: LmdbOptions, written: () => void) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#written = written;
    const start: WriterStart = { path, options, port: port2, answered: this.#answered };
    const fromSource = import.meta.url.endsWith(".ts");
    this.#worker = new Worker(new URL(fromSource ? "./writer.node.ts" : "./writer.node.js", import.meta.url), {
      name: "copse-blockstore-writer",
      workerData: start,
      transferList: [port2],
      ...(fromSource ? { execArgv: ["--conditions=@copse/source"] } : {}),
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once("exit", () => resolve());
    });
    this.#worker.on("error", (error) => this.#die(error instanceof Error ? error.message : String(error)));
    this.#worker.on("exit", (code) => this.#die(`its thread ended with code ${code}`));
    this.#port.on("message", (answer: WriterAnswer) => this.#take(answer));
    this.opened = this.#expect();
  }

  apply(changes: Changes): Promise<void> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    const packed = packChanges(changes);
    this.#port.postMessage({ changes: packed } satisfies WriterJob, [packed.buffer as ArrayBuffer]);
    return this.#expect();
  }

  applySync(changes: Changes): void {
    let failure: unknown;
    this.apply(changes).catch(() => {});
    const own = this.#waiting.at(-1);
    if (this.#dead !== undefined || own === undefined) throw this.#dead;
    let over = false;
    this.#waiting[this.#waiting.length - 1] = {
      resolve: () => {
        over = true;
        own.resolve();
      },
      reject: (error) => {
        over = true;
        failure = error;
        own.reject(error);
      },
    };
    const job = this.#sent | 0;
    while (!over) {
      // Sleeps until the thread has answered this job; the answers of those before it come out first.
      for (let seen = Atomics.load(this.#answered, 0); ((job - seen) | 0) > 0; seen = Atomics.load(this.#answered, 0)) {
        if (Atomics.wait(this.#answered, 0, seen, 1000) === "timed-out" && Atomics.load(this.#answered, 1) === 1) break;
      }
      if (Atomics.load(this.#answered, 1) === 1) this.#die("its thread has ended");
      const received = over ? undefined : receiveMessageOnPort(this.#port);
      if (received !== undefined) this.#take(received.message as WriterAnswer);
    }
    if (failure !== undefined) throw failure;
  }

  async flush(): Promise<void> {
    await this.apply({ blocks: [], rows: [], deleted: [] });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#dead !== undefined) return;
    this.#port.postMessage({} satisfies WriterJob);
    try {
      await this.#expect();
    } finally {
      await this.#exited;
    }
  }

  #expect(): Promise<void> {
    this.#sent = (this.#sent + 1) | 0;
    if (this.#waiting.length === 0) {
      this.#worker.ref(); // work under way keeps the process alive, an idle thread does not
      this.#port.ref();
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  #take(answer: WriterAnswer): void {
    this.#taken = (this.#taken + 1) | 0;
    const first = this.#waiting.shift();
    if (this.#waiting.length === 0 && this.#closed === undefined) {
      this.#worker.unref();
      this.#port.unref();
    }
    if (answer === "done") {
      if (this.#closed === undefined && this.#taken !== 1) this.#written();
      first?.resolve();
    } else {
      first?.reject(new HostFault("host/store-failed", answer));
    }
  }

  #die(reason: string): void {
    // The news of the thread's end may overtake its last answers.
    for (let last = receiveMessageOnPort(this.#port); last !== undefined; last = receiveMessageOnPort(this.#port)) {
      this.#take(last.message as WriterAnswer);
    }
    this.#dead ??= new HostFault("host/store-failed", { operation: "write", reason });
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(this.#dead);
    this.#port.close();
  }
}
