import { TipsetKey } from "@copse/types";

/** When a head counts as withheld. */
export interface WithheldRule {
  /** Rounds in none of which it was served. */
  readonly rounds: number;
  /** Time since the first of them. Unit: ms. */
  readonly ms: number;
}

/** Heads that were asked for in rounds and that nobody served. Bound: those of the last round. */
export class UnservedHeads {
  readonly #now: () => number;
  readonly #rule: WithheldRule;
  #heads: ReadonlyMap<string, { readonly since: number; readonly rounds: number }> = new Map();

  constructor(now: () => number, rule: WithheldRule) {
    this.#now = now;
    this.#rule = rule;
  }

  /** Takes the heads that a round had no more of; what is not among them was served, or is not told any more. */
  round(heads: readonly { readonly key: TipsetKey }[]): void {
    const next = heads.map(({ key }) => {
      const { since = this.#now(), rounds = 0 } = this.#heads.get(TipsetKey.key(key)) ?? {};
      return [TipsetKey.key(key), { since, rounds: rounds + 1 }] as const;
    });
    this.#heads = new Map(next);
  }

  has(key: TipsetKey): boolean {
    return this.#heads.has(TipsetKey.key(key));
  }

  isWithheld(key: TipsetKey): boolean {
    const head = this.#heads.get(TipsetKey.key(key));
    return head !== undefined && head.rounds >= this.#rule.rounds && this.#now() - head.since >= this.#rule.ms;
  }
}
