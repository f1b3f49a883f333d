import type { SignatureCheck } from "./signature-check.ts";

/** One check of a job, on its way to a worker. */
export interface Part {
  readonly job: Job;
  readonly index: number;
  readonly check: SignatureCheck;
}

/** The checks of one call to a pool: handed out from the front, settled in any order. */
export class Job {
  readonly result: Promise<boolean[]>;
  readonly #checks: readonly SignatureCheck[];
  readonly #good: boolean[];
  #resolve: (good: boolean[]) => void = () => {};
  #reject: (reason: Error) => void = () => {};
  #next = 0;
  #left: number;

  constructor(checks: readonly SignatureCheck[]) {
    this.#checks = checks;
    this.#good = checks.map(() => false);
    this.#left = checks.length;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** How many checks no worker has yet. */
  get waiting(): number {
    return this.#checks.length - this.#next;
  }

  /** Moves checks into `parts` until that holds `most`. */
  takeInto(parts: Part[], most: number): void {
    while (parts.length < most && this.#next < this.#checks.length) {
      const index = this.#next++;
      parts.push({ job: this, index, check: this.#checks[index] as SignatureCheck });
    }
  }

  settle(index: number, good: boolean): void {
    this.#good[index] = good;
    if (--this.#left === 0) this.#resolve(this.#good);
  }

  /** Ends the job; what its other parts turn out to be no longer matters. */
  fail(reason: Error): void {
    this.#reject(reason);
  }
}
