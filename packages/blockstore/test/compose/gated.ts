import { type AsyncStore, createMemoryBlockstore, type Store } from "../../src/index.ts";
import { laterStore } from "./bases.ts";

/** A store whose operations wait until they are let through. */
export class GatedStore {
  readonly memory: Store;
  readonly blocks: AsyncStore;
  readonly #waiting: (() => void)[] = [];

  constructor(memory: Store = createMemoryBlockstore()) {
    this.memory = memory;
    this.blocks = laterStore(memory, () => new Promise((resolve) => this.#waiting.push(resolve)));
  }

  /** Operations begun and not let through. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Lets the operation begun `nth` (of those that wait) through, and all that follows from it. */
  async pass(nth = 0): Promise<void> {
    await turn();
    this.#waiting.splice(nth, 1)[0]?.();
    await turn();
  }

  async passAll(): Promise<void> {
    for (await turn(); this.#waiting.length > 0; ) await this.pass();
  }
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
