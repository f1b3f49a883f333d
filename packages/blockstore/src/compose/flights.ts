import { abortFault } from "@copse/primitives";

interface Flight<T> {
  readonly landing: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
  landed: boolean;
}

/**
 * Work under way by key, so that all who want the same wait for one. It is aborted when the last of them has gone: one
 * caller's signal ends only that caller's wait.
 */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** Keys whose work is under way. */
  get count(): number {
    return this.#flights.size;
  }

  has(key: string): boolean {
    return this.#flights.has(key);
  }

  /** Waits for the work of `key`, which `begin` begins unless it is under way. */
  join(key: string, begin: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const flight = this.#flights.get(key) ?? this.#begin(key, begin);
    flight.waiting++;
    const leave = (): void => {
      if (--flight.waiting > 0 || flight.landed) return;
      this.#land(key, flight);
      flight.controller.abort();
    };
    if (signal === undefined) return flight.landing.finally(leave);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        reject(abortFault(signal));
        leave();
      };
      if (signal.aborted) return onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
      flight.landing.then(resolve, reject).finally(() => {
        signal.removeEventListener("abort", onAbort);
        if (!signal.aborted) leave();
      });
    });
  }

  /** Lets those who come from now on begin anew: what is under way may be out of date. */
  forget(key: string): void {
    this.#flights.delete(key);
  }

  #begin(key: string, begin: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const flight: Flight<T> = { landing: begin(controller.signal), controller, waiting: 0, landed: false };
    this.#flights.set(key, flight);
    const land = (): void => {
      flight.landed = true;
      this.#land(key, flight);
    };
    flight.landing.then(land, land);
    return flight;
  }

  #land(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
