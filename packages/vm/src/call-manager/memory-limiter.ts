import type { Rules } from "../machine/rules.ts";

const page = 65_536;
/** Bytes a table counts for each element. */
const elementSize = 8;

/**
 * Counts the memory of all calls that are open, and says what may grow.
 *
 * @see ref-fvm:fvm/src/machine/limiter.rs, ref-fvm:fvm/src/engine/mod.rs WasmtimeLimiter
 */
export class MemoryLimiter {
  /** Bytes in use. A call that begins remembers it, and sets it back when it ends. */
  used = 0;
  readonly #instance: number;
  readonly #message: number;

  constructor(rules: Rules) {
    this.#instance = rules.instanceMemory;
    this.#message = rules.messageMemory;
  }

  /** Takes what a new instance needs at least. @returns whether there is as much */
  take(pages: number, tableElements: number): boolean {
    return this.#add(pages * page) && this.#add(tableElements * elementSize);
  }

  /**
   * Lets an instance's memory grow, or not. Growth past the declared maximum is not counted; growth past what one instance
   * may have is, and fails all the same: the reference asks this limiter before it finds that its slot is too small.
   */
  grow(currentPages: number, by: number, maxPages: number): boolean {
    if (by === 0) return true;
    const wanted = currentPages + by;
    return wanted <= maxPages && this.#add(by * page) && wanted * page <= this.#instance;
  }

  #add(bytes: number): boolean {
    if (this.used + bytes > this.#message) return false;
    this.used += bytes;
    return true;
  }
}
