import type { SignatureCheck } from "./signature-check.ts";

/** One check of a job, on its way to a worker. */
export interface Part {
  readonly job: Job;
  readonly index: number;
  readonly check: SignatureCheck;
}

/**
 * About how long a check takes, one BLS signature being 1: so that workers get even shares. An aggregate is as long as
 * its messages are many.
 */
function costOf(check: SignatureCheck): number {
  if (check.kind === "bls-aggregate") return 1 + check.messages.length;
  return check.kind === "secp256k1" ? 0.05 : 1;
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
  #cost: number;

  constructor(checks: readonly SignatureCheck[]) {
    this.#checks = checks;
    this.#good = checks.map(() => false);
    this.#left = checks.length;
    this.#cost = checks.reduce((cost, check) => cost + costOf(check), 0);
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** How many checks no worker has yet. */
  get waiting(): number {
    return this.#checks.length - this.#next;
  }

  /** What the checks cost that no worker has yet. */
  get waitingCost(): number {
    return this.#cost;
  }

  /** What the next check costs; there is one. */
  get nextCost(): number {
    return costOf(this.#checks[this.#next] as SignatureCheck);
  }

  /** Takes the next check; there is one. */
  take(): Part {
    const index = this.#next++;
    const check = this.#checks[index] as SignatureCheck;
    this.#cost -= costOf(check);
    return { job: this, index, check };
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
