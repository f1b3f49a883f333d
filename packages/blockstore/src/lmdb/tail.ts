/** Slot values: a sequence number is stored plus one, so that a fresh table is empty. */
const empty = 0;
const deleted = -1;
const firstBits = 12;
/** Merge steps of one merge: each takes the entries of one first byte. */
export const tailBuckets = 256;

/**
 * The newest part of the index, in memory: 64-bit prefixes of CIDs to sequence numbers.
 *
 * Blocks are appended to the file in the order they come; where a block lies is noted here first, and merged into the
 * index on disk many at a time, in key order. Random keys would otherwise dirty one page of the index a block.
 *
 * An open hash table whose slots follow the top bits of the prefix, so that a bucket is one stretch of it and comes out
 * nearly sorted. Size: 16 B a slot, two to four slots an entry. A prefix may occur more than once.
 */
export class TailTable {
  #high: Uint32Array = new Uint32Array(1 << firstBits);
  #low: Uint32Array = new Uint32Array(1 << firstBits);
  #sequence: Float64Array = new Float64Array(1 << firstBits);
  #shift: number = 32 - firstBits;
  #mask: number = (1 << firstBits) - 1;
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
    return this.#seek(high >>> this.#shift, high, low);
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
    const width = (this.#mask + 1) / tailBuckets;
    const end = (bucket + 1) * width;
    // Entries pushed out of their stretch follow it up to the next empty slot, past the table's end at its start.
    for (let at = bucket * width; at < end || this.#sequence[at & this.#mask] !== empty; at++) {
      const slot = at & this.#mask;
      const high = this.#high[slot] as number;
      if ((this.#sequence[slot] as number) > 0 && high >>> 24 === bucket) {
        entries.push({ high, low: this.#low[slot] as number, sequence: this.sequenceAt(slot) });
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
    let slot = high >>> this.#shift;
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
    this.#shift--;
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
