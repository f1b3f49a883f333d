import { type CidBytes, cidKey } from "@copse/ipld";

/**
 * What was met already, so that gossip is looked at once. Bound: the oldest is forgotten past `limit` entries.
 *
 * @example
 * seen.add(cid) // => true the first time
 */
export class SeenCache {
  readonly #limit: number;
  readonly #seen = new Set<string>();

  /** @param limit most entries; an entry costs about 100 B */
  constructor(limit = 16_384) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#seen.size;
  }

  /** Notes it; false when it is known. */
  add(cid: CidBytes): boolean {
    const key = cidKey(cid);
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    if (this.#seen.size > this.#limit) {
      for (const oldest of this.#seen) {
        this.#seen.delete(oldest);
        break;
      }
    }
    return true;
  }

  has(cid: CidBytes): boolean {
    return this.#seen.has(cidKey(cid));
  }

  /** Forgets it, so that it may come again: it was dropped for a reason that passes. */
  delete(cid: CidBytes): void {
    this.#seen.delete(cidKey(cid));
  }
}
