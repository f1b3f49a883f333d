/** Lets so much work run at a time; the rest waits its turn. */
export class Slots {
  #free: number;
  #waiting: (() => void)[] = [];
  /** Those before it have had their turn: taking them off the front of the array each time would cost its length. */
  #first = 0;

  constructor(count: number) {
    this.#free = count;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting[this.#first];
      if (next === undefined) this.#free++;
      else {
        this.#first++;
        if (this.#first === this.#waiting.length) {
          this.#waiting = [];
          this.#first = 0;
        }
        next();
      }
    }
  }
}

/** Runs work on every item; results in order. Where some fail, the first error, after all have ended. */
export async function forEach<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const ends = await Promise.allSettled(items.map(work));
  return ends.map((end) => {
    if (end.status === "rejected") throw end.reason;
    return end.value;
  });
}
