/**
 * Gives out batches one by one, as an async generator with `yield*` would, at less than half its cost: an item of the
 * batch at hand takes one resolved promise, and only the next batch a wait.
 *
 * Calls are answered in their order, whether or not the caller waits between them. `return` and `throw` close the batches.
 */
export class BlockIterator<T extends object> implements AsyncGenerator<T, undefined, undefined> {
  readonly #batches: AsyncGenerator<readonly T[]>;
  #batch: readonly T[] = [];
  #at = 0;
  /** The wait that calls queue behind, while there is one. */
  #pending: Promise<unknown> | undefined;

  constructor(batches: AsyncGenerator<readonly T[]>) {
    this.#batches = batches;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const value = this.#batch[this.#at];
    if (value === undefined || this.#pending !== undefined) return this.#wait(() => this.#refill());
    this.#at++;
    return Promise.resolve({ done: false, value });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    return this.#wait(async () => {
      this.#drop();
      await this.#batches.return(undefined);
      return { done: true, value: undefined };
    });
  }

  throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    return this.#wait(async () => {
      this.#drop();
      await this.#batches.throw(error);
      return { done: true, value: undefined };
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #refill(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      const value = this.#batch[this.#at];
      if (value !== undefined) {
        this.#at++;
        return { done: false, value };
      }
      this.#drop();
      const next = await this.#batches.next();
      if (next.done === true) return { done: true, value: undefined };
      this.#batch = next.value;
    }
  }

  #drop(): void {
    this.#batch = [];
    this.#at = 0;
  }

  /** Does `work` once every call before is answered. */
  #wait<R>(work: () => Promise<R>): Promise<R> {
    const mine = this.#pending === undefined ? work() : this.#pending.then(work, work);
    this.#pending = mine;
    const done = (): void => {
      if (this.#pending === mine) this.#pending = undefined;
    };
    mine.then(done, done);
    return mine;
  }
}
