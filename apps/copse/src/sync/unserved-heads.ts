import { TipsetKey } from "@copse/types";
import type { ToldTipset } from "./leader-strands.ts";

/** When a head counts as withheld: whoever told it did so. */
export interface WithheldRule {
  /** Rounds in none of which what they told was served. */
  readonly rounds: number;
  /** Time since the first of them. Unit: ms. */
  readonly ms: number;
}

/**
 * Peers whose heads nobody served when they were asked for in rounds: it is they that are counted, for a new head costs
 * nothing. Bound: the tellers of one round.
 */
export class UnservedHeads {
  readonly #now: () => number;
  readonly #rule: WithheldRule;
  #tellers: ReadonlyMap<string, { readonly since: number; readonly rounds: number }> = new Map();
  #heads: ReadonlySet<string> = new Set();

  constructor(now: () => number, rule: WithheldRule) {
    this.#now = now;
    this.#rule = rule;
  }

  /** Takes the heads that a round had no more of. Who told none of them is forgotten. */
  round(heads: readonly ToldTipset[]): void {
    const next = heads.flatMap(({ supporters }) =>
      supporters.map((peer) => {
        const { since = this.#now(), rounds = 0 } = this.#tellers.get(peer) ?? {};
        return [peer, { since, rounds: rounds + 1 }] as const;
      }),
    );
    this.#tellers = new Map(next);
    this.#heads = new Set(heads.map(({ key }) => TipsetKey.key(key)));
  }

  /** Whether the last round had no more of a head. */
  has(key: TipsetKey): boolean {
    return this.#heads.has(TipsetKey.key(key));
  }

  /** Whether all that told a head of the last round tell such heads for long. */
  isWithheld({ supporters }: ToldTipset): boolean {
    return supporters.every((peer) => {
      const teller = this.#tellers.get(peer);
      return teller !== undefined && teller.rounds >= this.#rule.rounds && this.#now() - teller.since >= this.#rule.ms;
    });
  }
}
