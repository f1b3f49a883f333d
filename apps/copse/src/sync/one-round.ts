import { isCopseError } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import type { Target } from "./target.ts";

/** Faults that another target would not mend: of this machine, of what executes, of the report on what is assembled. */
const ours: readonly string[] = ["host/", "vm/", "copse/not-assembled", "copse/not-executed"];

/** Whether a failure may be the target's: then another may be assembled in its place. */
export function saysOfTarget(error: unknown): boolean {
  return isCopseError(error) && !ours.some((code) => error.code.startsWith(code));
}

/**
 * One round over the heads that peers tell: where one could not be assembled, the others are tried for a while. Whoever told
 * the first must not end it for all.
 */
export class OneRound {
  readonly #now: () => number;
  readonly #tried = new Set<string>();
  #first: { readonly error: unknown; readonly until: number } | undefined;

  /** @param now - a clock that only goes up; unit: ms */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Notes that a target failed.
   *
   * @param idleMs for how long others are tried after the first
   * @param told peers whose word still stands
   * @throws the failure of the first, where nobody tells another
   */
  failed({ key }: Pick<Target, "key">, error: unknown, idleMs: number, told: number): void {
    this.#first ??= { error, until: this.#now() + idleMs };
    this.#tried.add(TipsetKey.key(key));
    if (told === 0) throw this.#first.error;
  }

  /** How long a target is waited for. Unit: ms. */
  patience(idleMs: number): number {
    return this.#first === undefined ? idleMs : Math.max(1, Math.min(idleMs, this.#first.until - this.#now()));
  }

  /** @throws the failure of the first target, where one failed and there is none but what failed, or no time for it */
  assertNew(target: Pick<Target, "key"> | undefined): void {
    if (this.#first === undefined) return;
    const isNew = target !== undefined && !this.#tried.has(TipsetKey.key(target.key));
    if (!isNew || this.#now() > this.#first.until) throw this.#first.error;
  }
}
