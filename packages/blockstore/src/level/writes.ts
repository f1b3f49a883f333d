import { storeFault } from "../fault.ts";
import { type LevelChange, type LevelEngine, views } from "./engine.ts";

/** Changes whose caller waits. */
interface Waiting {
  readonly changes: readonly LevelChange[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes batches one after another: the engine runs each on any thread of a pool, and so in any order. What is given
 * while one is under way goes together into the next, so that many small commits share one wait for the disk.
 */
export class LevelWrites {
  readonly #engine: LevelEngine;
  readonly #sync: boolean;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  constructor(engine: LevelEngine, sync: boolean) {
    this.#engine = engine;
    this.#sync = sync;
  }

  /** @throws {HostFault} `host/store-failed`: nothing of it was written, nor of what shared its batch */
  apply(changes: readonly LevelChange[]): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ changes, resolve, reject });
    });
    this.#writing ??= this.#write();
    return done;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    await Promise.resolve(); // calls of the same turn share the first batch
    for (let batch = this.#taken(); batch.length > 0; batch = this.#taken()) {
      try {
        const all = batch.length === 1 ? [...(batch[0] as Waiting).changes] : batch.flatMap(({ changes }) => changes);
        await this.#engine.batch(all, { sync: this.#sync, ...views });
        for (const { resolve } of batch) resolve();
      } catch (error) {
        const fault = storeFault("commit", error);
        for (const { reject } of batch) reject(fault);
      }
    }
    this.#writing = undefined;
  }

  #taken(): Waiting[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}
