import { mergeRuns, type Run } from "./record-merge.ts";
import type { Spill } from "./spill.ts";

/** How much a sort may hold, and where it puts the rest. */
export interface SortOptions {
  /** Records in memory before they are put aside; without a `spill` memory is all there is. Unit: bytes. */
  readonly memoryBytes?: number | undefined;
  readonly spill?: Spill | undefined;
}

/** 64 MiB of records: 1.6 million of those of an index by blake2b-256. */
export const defaultSortBytes: number = 64 << 20;

/**
 * Sorts records of one width by their bytes.
 *
 * Memory: `memoryBytes`, and a third more while a run is sorted; the rest lies in the spill. The order of two equal
 * records makes no difference.
 *
 * @example
 * const sorter = new RecordSorter(16, { spill });
 * sorter.bytes.set(record, sorter.add());
 * if (sorter.isFull) await sorter.spill();
 * for await (const chunk of sorter.sorted()) …
 */
export class RecordSorter {
  readonly width: number;
  /** Records added. */
  count = 0;
  /** The records in memory; {@link add} says where the next one goes. */
  bytes: Uint8Array;
  readonly #spill: Spill | undefined;
  readonly #memory: number;
  readonly #runs: Run[] = [];
  #held = 0;

  constructor(width: number, options: SortOptions = {}) {
    this.width = width;
    this.#spill = options.spill;
    this.#memory = Math.max(width, Math.floor((options.memoryBytes ?? defaultSortBytes) / width) * width);
    this.bytes = new Uint8Array(Math.min(this.#memory, 16 * width));
  }

  /** Whether {@link spill} has to be called before more is added. */
  get isFull(): boolean {
    return this.#spill !== undefined && this.#held * this.width >= this.#memory;
  }

  /** Memory the records take. Unit: bytes. */
  get memory(): number {
    return this.bytes.length;
  }

  /** Makes room for a record, and says where in {@link bytes} to write it. */
  add(): number {
    const at = this.#held * this.width;
    if (at === this.bytes.length) {
      const most = this.#spill === undefined ? Number.POSITIVE_INFINITY : this.#memory;
      const grown = new Uint8Array(Math.max(at + this.width, Math.min(at * 2, most)));
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.#held++;
    this.count++;
    return at;
  }

  /** Sorts what is in memory and puts it aside. @throws {HostFault} `host/store-failed` */
  async spill(): Promise<void> {
    if (this.#spill === undefined || this.#held === 0) return;
    const start = await this.#put(this.#spill);
    this.#runs.push({ start, count: this.#held });
    this.#held = 0;
    this.bytes = new Uint8Array(16 * this.width); // it grows again if this is the one that is filled
  }

  async #put(spill: Spill): Promise<number> {
    let start = -1;
    for (const chunk of this.#ordered()) {
      const at = await spill.append(chunk);
      if (start < 0) start = at;
    }
    return start;
  }

  /** All records in order, in chunks of whole records. May be asked for again, but not while records are added. */
  async *sorted(): AsyncGenerator<Uint8Array> {
    if (this.#runs.length === 0) {
      yield* this.#ordered();
      return;
    }
    await this.spill();
    this.bytes = new Uint8Array(0);
    yield* mergeRuns(this.#spill as Spill, this.#runs, this.width);
  }

  *#ordered(): Generator<Uint8Array> {
    const { bytes, width } = this;
    const order = sortRecords(bytes, width, this.#held);
    const step = Math.max(1, Math.floor((1 << 18) / width));
    for (let from = 0; from < order.length; from += step) {
      const some = order.subarray(from, from + step);
      const chunk = new Uint8Array(some.length * width);
      for (let i = 0; i < some.length; i++) {
        const at = (some[i] as number) * width;
        chunk.set(bytes.subarray(at, at + width), i * width);
      }
      yield chunk;
    }
  }
}

/** The order of records by their bytes: a radix sort on the first four, then a comparison within those that agree. */
export function sortRecords(bytes: Uint8Array, width: number, count: number): Uint32Array {
  const keys = new Uint32Array(count);
  let order = new Uint32Array(count);
  for (let i = 0, at = 0; i < count; i++, at += width) {
    let key = 0;
    for (let j = 0; j < 4; j++) key = key * 256 + (j < width ? (bytes[at + j] as number) : 0);
    keys[i] = key;
    order[i] = i;
  }
  for (const shift of [0, 16]) order = byHalf(keys, order, shift);
  const compare = (a: number, b: number): number => compareRecords(bytes, a * width, b * width, width);
  for (let from = 0, to = 0; from < count; from = to) {
    const key = keys[order[from] as number];
    to = from + 1;
    while (to < count && keys[order[to] as number] === key) to++;
    if (to - from > 1) order.subarray(from, to).sort(compare);
  }
  return order;
}

/** One pass of a radix sort over 16 bits of the keys. */
function byHalf(keys: Uint32Array, order: Uint32Array, shift: number): Uint32Array<ArrayBuffer> {
  const places = new Uint32Array(65537);
  for (const index of order) {
    const place = (((keys[index] as number) >>> shift) & 0xffff) + 1;
    places[place] = (places[place] as number) + 1;
  }
  for (let i = 1; i < places.length; i++) places[i] = (places[i] as number) + (places[i - 1] as number);
  const sorted = new Uint32Array(order.length);
  for (const index of order) {
    const half = ((keys[index] as number) >>> shift) & 0xffff;
    const place = places[half] as number;
    places[half] = place + 1;
    sorted[place] = index;
  }
  return sorted;
}

/** Compares two records of one buffer. */
export function compareRecords(bytes: Uint8Array, a: number, b: number, width: number): number {
  for (let i = 0; i < width; i++) {
    const difference = (bytes[a + i] as number) - (bytes[b + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
