/** Slot values: a sequence number is stored plus one, so that a fresh table is empty. */
const empty = 0;
const deleted = -1;
const firstCapacity = 1 << 12;

/**
 * The newest part of the index, in memory: 64-bit prefixes of CIDs to sequence numbers.
 *
 * Blocks are appended to the file in the order they come; where a block lies is noted here first, and merged into the
 * index on disk many at a time, in key order. Random keys would otherwise dirty one page of the index a block.
 *
 * Size: 16 B a slot, two to four slots an entry. A prefix may occur more than once.
 */
export class TailTable {
  #high: Uint32Array = new Uint32Array(firstCapacity);
  #low: Uint32Array = new Uint32Array(firstCapacity);
  #sequence: Float64Array = new Float64Array(firstCapacity);
  #mask: number = firstCapacity - 1;
  #used = 0;

  /** Entries, deleted ones included. */
  get size(): number {
    return this.#used;
  }

  add(high: number, low: number, sequence: number): void {
    if (this.#used * 2 >= this.#mask) this.#grow();
    this.#place(high, low, sequence + 1);
  }

  /** The slot of the first entry of a prefix, or -1. */
  first(high: number, low: number): number {
    return this.#seek(low & this.#mask, high, low);
  }

  /** The slot of the next entry of the same prefix, or -1. */
  next(slot: number, high: number, low: number): number {
    return this.#seek((slot + 1) & this.#mask, high, low);
  }

  sequenceAt(slot: number): number {
    return (this.#sequence[slot] as number) - 1;
  }

  /** Forgets the entry in a slot. */
  remove(slot: number): void {
    this.#sequence[slot] = deleted;
  }

  /** Entries whose prefix starts with the byte `bucket`, in order of prefix: what one merge step takes. */
  bucket(bucket: number): readonly TailEntry[] {
    const entries: TailEntry[] = [];
    const high = this.#high;
    const sequences = this.#sequence;
    for (let slot = 0; slot < sequences.length; slot++) {
      if ((sequences[slot] as number) > 0 && (high[slot] as number) >>> 24 === bucket) {
        const sequence = this.sequenceAt(slot);
        entries.push({ high: high[slot] as number, low: this.#low[slot] as number, sequence });
      }
    }
    return entries.sort((a, b) => a.high - b.high || a.low - b.low || a.sequence - b.sequence);
  }

  #seek(from: number, high: number, low: number): number {
    for (let slot = from; ; slot = (slot + 1) & this.#mask) {
      const sequence = this.#sequence[slot] as number;
      if (sequence === empty) return -1;
      if (this.#low[slot] === low && this.#high[slot] === high && sequence !== deleted) return slot;
    }
  }

  #place(high: number, low: number, stored: number): void {
    let slot = low & this.#mask;
    while (this.#sequence[slot] !== empty) slot = (slot + 1) & this.#mask;
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#sequence[slot] = stored;
    this.#used++;
  }

  #grow(): void {
    const high = this.#high;
    const low = this.#low;
    const sequences = this.#sequence;
    const capacity = (this.#mask + 1) * 2;
    this.#high = new Uint32Array(capacity);
    this.#low = new Uint32Array(capacity);
    this.#sequence = new Float64Array(capacity);
    this.#mask = capacity - 1;
    this.#used = 0;
    for (let slot = 0; slot < sequences.length; slot++) {
      const stored = sequences[slot] as number;
      if (stored > 0) this.#place(high[slot] as number, low[slot] as number, stored);
    }
  }
}

/** An entry of the tail on its way into the index. */
export interface TailEntry {
  readonly high: number;
  readonly low: number;
  readonly sequence: number;
}
