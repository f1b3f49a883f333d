/** Keys a leaf holds before it splits: small enough that a splice costs less than the search around it. */
const leafKeys = 512;

/**
 * An ordered map over latin1 keys, whose order is that of their bytes.
 *
 * A list of sorted leaves: inserts at either end or anywhere between cost one binary search and one splice of at most
 * {@link leafKeys} entries, whether keys rise (gossip) or fall (sync towards genesis).
 */
export class SortedMap<Value> {
  readonly #values = new Map<string, Value>();
  readonly #leaves: string[][] = [];

  /** How many keys there are. */
  get size(): number {
    return this.#values.size;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    const known = this.#values.has(key);
    this.#values.set(key, value);
    if (known) return;
    if (this.#leaves.length === 0) this.#leaves.push([]);
    const at = Math.max(0, this.#leafOf(key));
    const leaf = this.#leaves[at] as string[];
    leaf.splice(lowerBound(leaf, key), 0, key);
    if (leaf.length > leafKeys) this.#leaves.splice(at + 1, 0, leaf.splice(leafKeys >> 1));
  }

  delete(key: string): void {
    if (!this.#values.delete(key)) return;
    const at = this.#leafOf(key);
    const leaf = this.#leaves[at] as string[];
    leaf.splice(lowerBound(leaf, key), 1);
    if (leaf.length === 0) this.#leaves.splice(at, 1);
  }

  /** The least key that is at least `key`, or past it when `after`. */
  next(key: string, after: boolean): string | undefined {
    if (this.#leaves.length === 0) return undefined;
    const at = Math.max(0, this.#leafOf(key));
    const leaf = this.#leaves[at] as string[];
    let index = lowerBound(leaf, key);
    if (after && leaf[index] === key) index++;
    return leaf[index] ?? this.#leaves[at + 1]?.[0];
  }

  /** The greatest key before `key`; the greatest of all without one. */
  previous(key: string | undefined): string | undefined {
    if (key === undefined) return this.#leaves.at(-1)?.at(-1);
    const at = this.#leafOf(key);
    if (at < 0) return undefined;
    const leaf = this.#leaves[at] as string[];
    const index = lowerBound(leaf, key) - 1;
    return index >= 0 ? leaf[index] : this.#leaves[at - 1]?.at(-1);
  }

  /** The last leaf whose first key is not past `key`; -1 where all are. */
  #leafOf(key: string): number {
    let low = 0;
    let high = this.#leaves.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#leaves[middle]?.[0] as string) <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
