/**
 * A map that remembers what it held, so that it can go back to any earlier height of its log.
 *
 * Shape: each recorded change appends the key and the value it replaced. Cost: going back costs as much as what is taken
 * back did; a height costs nothing.
 *
 * @see ref-fvm:fvm/src/history_map.rs
 * @example
 * const map = new UndoMap<string, number>();
 * const before = map.height;
 * map.set("a", 1);
 * map.rollback(before);
 * map.get("a") // => undefined
 */
export class UndoMap<K, V extends object | bigint> {
  readonly #map: Map<K, V> = new Map();
  readonly #keys: K[] = [];
  readonly #replaced: (V | undefined)[] = [];

  /** Changes in the log. */
  get height(): number {
    return this.#keys.length;
  }

  /** The value of a key, or `undefined`. */
  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  /** Gives a key a value, such that it can be taken back. */
  set(key: K, value: V): void {
    this.#keys.push(key);
    this.#replaced.push(this.#map.get(key));
    this.#map.set(key, value);
  }

  /** Gives a key a value for good: going back does not take it away, but to what an earlier entry of the log says. */
  keep(key: K, value: V): void {
    this.#map.set(key, value);
  }

  /** Takes back what was done since the log was of this height, the last first. */
  rollback(height: number): void {
    while (this.#keys.length > height) {
      const key = this.#keys.pop() as K;
      const value = this.#replaced.pop();
      if (value === undefined) this.#map.delete(key);
      else this.#map.set(key, value);
    }
  }

  /** Empties the log: nothing before this can be taken back. */
  forget(): void {
    this.#keys.length = 0;
    this.#replaced.length = 0;
  }

  /** What it holds now. */
  entries(): MapIterator<[K, V]> {
    return this.#map.entries();
  }
}
