import { costOf } from "./held-blocks.ts";

/** One block in the cache, in the queue it stands in. */
interface Slot {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly cost: number;
  /** Reads since it came or was last spared, at most 3. */
  uses: number;
  queue: Queue;
  older: Slot | undefined;
  newer: Slot | undefined;
}

/** Slots in the order they came. */
class Queue {
  bytes = 0;
  oldest: Slot | undefined;
  #newest: Slot | undefined;

  push(slot: Slot): void {
    slot.queue = this;
    slot.newer = undefined;
    slot.older = this.#newest;
    if (this.#newest === undefined) this.oldest = slot;
    else this.#newest.newer = slot;
    this.#newest = slot;
    this.bytes += slot.cost;
  }

  remove(slot: Slot): void {
    if (slot.older === undefined) this.oldest = slot.newer;
    else slot.older.newer = slot.newer;
    if (slot.newer === undefined) this.#newest = slot.older;
    else slot.newer.older = slot.older;
    this.bytes -= slot.cost;
  }
}

/** A key remembered: its text and its slot in the set. */
const ghostOverhead = 120;

/**
 * Blocks by key, within a bound of bytes, by S3-FIFO: a block comes into a small queue and goes on to the main one only
 * when it was read again there, or comes back while its key is still remembered; so a walk over millions of blocks that
 * are read once passes by what is read often. A hit counts up and moves nothing: cheaper than LRU, and with fewer misses.
 *
 * @see Yang et al., FIFO queues are all you need for cache eviction, SOSP 2023
 */
export class CacheTable {
  readonly #slots = new Map<string, Slot>();
  readonly #small = new Queue();
  readonly #main = new Queue();
  /** Keys lately dropped from the small queue, oldest first. */
  readonly #ghosts = new Set<string>();
  #ghostBytes = 0;
  readonly #maxBytes: number;
  readonly #onEvict: () => void;
  evicted = 0;

  constructor(maxBytes: number, onEvict: () => void = () => {}) {
    this.#maxBytes = maxBytes;
    this.#onEvict = onEvict;
  }

  get count(): number {
    return this.#slots.size;
  }

  /** Memory taken, overhead and remembered keys included. */
  get bytes(): number {
    return this.#small.bytes + this.#main.bytes + this.#ghostBytes;
  }

  get(key: string): Uint8Array | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    if (slot.uses < 3) slot.uses++;
    return slot.bytes;
  }

  /** Keeps a block, unless it alone would take more than a quarter of the room. `bytes` is kept as it is. */
  put(key: string, bytes: Uint8Array): void {
    const cost = costOf(key, bytes);
    if (cost > this.#maxBytes / 4 || this.#slots.has(key)) return;
    const remembered = this.#forget(key);
    const queue = remembered ? this.#main : this.#small;
    const slot: Slot = { key, bytes, cost, uses: 0, queue, older: undefined, newer: undefined };
    this.#slots.set(key, slot);
    queue.push(slot);
    while (this.bytes > this.#maxBytes) this.#evict();
  }

  remove(key: string): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    slot.queue.remove(slot);
    this.#slots.delete(key);
  }

  clear(): void {
    for (const key of Array.from(this.#slots.keys())) this.remove(key);
    this.#ghosts.clear();
    this.#ghostBytes = 0;
  }

  #evict(): void {
    const small = this.#small.oldest;
    const main = this.#main.oldest;
    if (small !== undefined && (main === undefined || this.#small.bytes > this.#maxBytes / 10)) {
      this.#small.remove(small);
      if (small.uses > 1) {
        small.uses = 0;
        this.#main.push(small);
      } else this.#drop(small, true);
    } else if (main !== undefined) {
      this.#main.remove(main);
      if (main.uses > 0) {
        main.uses--;
        this.#main.push(main);
      } else this.#drop(main, false);
    }
  }

  #drop(slot: Slot, remember: boolean): void {
    this.#slots.delete(slot.key);
    this.evicted++;
    this.#onEvict();
    if (!remember) return;
    this.#ghosts.add(slot.key);
    this.#ghostBytes += slot.key.length + ghostOverhead;
    while (this.#ghostBytes > this.#maxBytes / 10) this.#forget(this.#ghosts.values().next().value ?? "");
  }

  #forget(key: string): boolean {
    if (!this.#ghosts.delete(key)) return false;
    this.#ghostBytes -= key.length + ghostOverhead;
    return true;
  }
}
