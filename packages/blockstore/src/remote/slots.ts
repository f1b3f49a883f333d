import { abortFault } from "@copse/primitives";
import { RemoteError } from "./errors.ts";

/** A bound on how much runs at once, and on how much waits for its turn. First come, first served. */
export class Slots {
  readonly #running: number;
  readonly #waiting: number;
  #taken = 0;
  readonly #queue = new Set<() => void>();

  constructor(running: number, waiting: number) {
    this.#running = running;
    this.#waiting = waiting;
  }

  get taken(): number {
    return this.#taken;
  }

  /**
   * Does work in its turn.
   *
   * @throws {RemoteError} `remote/too-many-requests`
   * @throws {HostFault} `host/aborted` before its turn came
   */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#taken >= this.#running) await this.#turn(signal);
    else this.#taken++;
    try {
      return await work();
    } finally {
      const next = this.#queue.values().next().value;
      if (next === undefined) this.#taken--;
      else next(); // the slot passes on as it is
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    const limit = this.#running + this.#waiting;
    if (this.#queue.size >= this.#waiting) throw new RemoteError("remote/too-many-requests", { limit });
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#queue.delete(go);
        signal.removeEventListener("abort", onAbort);
      };
      const go = (): void => {
        leave();
        resolve();
      };
      const onAbort = (): void => {
        leave();
        reject(abortFault(signal));
      };
      if (signal.aborted) return reject(abortFault(signal));
      this.#queue.add(go);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}
