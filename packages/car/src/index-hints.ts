/** Keys are the first six bytes of a digest. */
export const keySpan: number = 2 ** 48;
const parts = 4096;

/**
 * What look-ups in a sorted table have seen of it: one record of each part of the key space. With it the first read of a
 * look-up is nearly always the right one.
 *
 * Only a guess comes out: a table that lies costs time, bounded, and no more. Size: 64 KiB once it is used.
 */
export class IndexHints {
  #keys: Float64Array | undefined;
  #records: Float64Array | undefined;

  /** Where a key may be among `count` records. */
  guess(key: number, count: number): number {
    const density = count / keySpan;
    const part = Math.floor(key / (keySpan / parts));
    const known = this.#keys?.[part] ?? 0;
    // A record that was seen at key 0 is as good as none.
    if (known === 0) return Math.floor(key * density);
    return Math.max(0, Math.min(count, Math.floor((this.#records?.[part] as number) + (key - known) * density)));
  }

  /** A record was seen. */
  learn(key: number, record: number): void {
    this.#keys ??= new Float64Array(parts);
    this.#records ??= new Float64Array(parts);
    const part = Math.floor(key / (keySpan / parts));
    this.#keys[part] = key;
    this.#records[part] = record;
  }
}
