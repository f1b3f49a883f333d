import type { Clock } from "./clock.ts";

/** Peers whose budgets are remembered; past it the one that asked longest ago begins anew. */
const mostPeers = 1024;

/** So many asks of each peer at once, and so many a second for long. */
export class AskBudget {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perSecond: number;
  /** What each peer had left, and when that was; the one that asked last comes last. */
  readonly #left = new Map<string, { readonly asks: number; readonly at: number }>();

  constructor(clock: Clock, limits: { readonly burst: number; readonly perSecond: number }) {
    this.#clock = clock;
    this.#burst = limits.burst;
    this.#perSecond = limits.perSecond;
  }

  /** Takes an ask off a peer's budget. @returns false where it is used up: nothing is taken then */
  take(peer: string): boolean {
    const at = this.#clock.now();
    const before = this.#left.get(peer);
    const gained = before === undefined ? this.#burst : ((at - before.at) / 1000) * this.#perSecond;
    const asks = Math.min(this.#burst, (before?.asks ?? 0) + gained);
    this.#left.delete(peer);
    this.#left.set(peer, { asks: asks >= 1 ? asks - 1 : asks, at });
    const [oldest] = this.#left.size > mostPeers ? this.#left.keys() : [];
    if (oldest !== undefined) this.#left.delete(oldest);
    return asks >= 1;
  }
}
