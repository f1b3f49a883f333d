/** Peers remembered. */
const most = 1024;

/** Peers that are not listened to for a while. Bound: 1,024, then those go that were added first. */
export class Mutes {
  readonly #now: () => number;
  /** When each is listened to again. Unit: ms. */
  readonly #until = new Map<string, number>();

  /** @param now - a clock that only goes up; unit: ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Does not shorten what is longer already. */
  add(peer: string, ms: number): void {
    const until = Math.max(this.#until.get(peer) ?? 0, this.#now() + ms);
    this.#until.delete(peer);
    this.#until.set(peer, until);
    if (this.#until.size > most) this.#until.delete(this.#until.keys().next().value ?? "");
  }

  has(peer: string): boolean {
    const until = this.#until.get(peer);
    if (until === undefined) return false;
    if (this.#now() < until) return true;
    this.#until.delete(peer);
    return false;
  }

  /** Peers whose time is not over. */
  get size(): number {
    return [...this.#until.keys()].filter((peer) => this.has(peer)).length;
  }
}
