import type { CidBytes } from "@copse/ipld";
import { compareRecords, RecordSorter, type SortOptions } from "../record-sorter.ts";
import { encodeSkipHeader } from "./footer.ts";
import { forestHash, idealSlot } from "./hash.ts";
import { indexHeaderBytes, indexVersion, slotBytes } from "./index-reader.ts";

/** Content of one frame of an index in several. @see forest PR 6690 */
const pieceBytes = 512 << 20;
/** Most that one skippable frame holds. */
const singleLimit = 0xffffffff;
const loadFactor = 0.8;

/** How to write the index of a `.forest.car.zst`. */
export interface ForestIndexOptions {
  /** Frames of 512 MiB even where one would hold it all: what Forest does when told to, and will do after nv28. */
  readonly severalFrames?: boolean | undefined;
}

/** Gathers the entries of an index, and writes it. Memory: 16 B an entry, or the bound of the sort. */
export class ForestIndexBuilder {
  readonly #records: RecordSorter;

  constructor(options: SortOptions = {}) {
    this.#records = new RecordSorter(slotBytes, options);
  }

  /** Whether {@link spill} has to be called before more is added. */
  get isFull(): boolean {
    return this.#records.isFull;
  }

  spill(): Promise<void> {
    return this.#records.spill();
  }

  /** @throws {CidError} `cid/malformed` */
  add(cid: CidBytes, frame: number): void {
    const { high, low } = forestHash(cid);
    const at = this.#records.add();
    const view = new DataView(this.#records.bytes.buffer, at, slotBytes);
    // Big-endian, as the sort goes by bytes.
    view.setUint32(0, high);
    view.setUint32(4, low);
    view.setUint32(8, Math.floor(frame / 2 ** 32));
    view.setUint32(12, frame % 2 ** 32);
  }

  /** The index in its skippable frames. Goes over the entries three times: its header tells what the table will be. */
  async *write(options: ForestIndexOptions = {}): AsyncGenerator<Uint8Array> {
    let count = 0;
    let collisions = 0;
    let lastHigh = -1;
    let lastLow = -1;
    for await (const view of this.#entries()) {
      for (let at = 0; at < view.byteLength; at += slotBytes) {
        const high = view.getUint32(at);
        const low = view.getUint32(at + 4);
        if (high === lastHigh && low === lastLow) collisions++;
        lastHigh = high;
        lastLow = low;
        count++;
      }
    }
    const buckets = Math.max(Math.floor(count / loadFactor), count);
    let slots = 0;
    let longest = 0;
    for await (const view of this.#entries()) {
      for (let at = 0; at < view.byteLength; at += slotBytes) {
        const ideal = idealSlot(view.getUint32(at), view.getUint32(at + 4), buckets);
        longest = Math.max(longest, slots - ideal);
        slots = Math.max(slots, ideal) + 1;
      }
    }
    const total = indexHeaderBytes + (Math.max(slots, buckets) + 1) * slotBytes;
    const isSingle = total <= singleLimit && options.severalFrames !== true;
    yield* framed(this.#table(longest, collisions, buckets), total, isSingle ? total : pieceBytes);
  }

  async *#table(longest: number, collisions: number, buckets: number): AsyncGenerator<Uint8Array> {
    yield indexHeader(longest, collisions, buckets);
    const out = new SlotChunks();
    let next = 0;
    for await (const view of this.#entries()) {
      for (let at = 0; at < view.byteLength; at += slotBytes) {
        const ideal = idealSlot(view.getUint32(at), view.getUint32(at + 4), buckets);
        for (; next < ideal; next++) out.addEmpty();
        out.add(view, at);
        next++;
      }
      yield* out.take();
    }
    // Room for look-ups that begin in the last bucket, and an empty slot that ends every run.
    for (const end = Math.max(next, buckets) + 1; next < end; next++) out.addEmpty();
    yield* out.take();
  }

  /** Entries in the order of hash and frame, each once. */
  async *#entries(): AsyncGenerator<DataView> {
    const before = new Uint8Array(slotBytes);
    let isFirst = true;
    for await (const chunk of this.#records.sorted()) {
      let end = 0;
      for (let at = 0; at < chunk.length; at += slotBytes) {
        const isSame =
          end > 0 ? compareRecords(chunk, end - slotBytes, at, slotBytes) === 0 : isEqual(before, chunk, at);
        if (isSame && !(isFirst && end === 0)) continue;
        chunk.copyWithin(end, at, at + slotBytes);
        end += slotBytes;
      }
      if (end === 0) continue;
      isFirst = false;
      before.set(chunk.subarray(end - slotBytes, end));
      yield new DataView(chunk.buffer, chunk.byteOffset, end);
    }
  }
}

/** Slots on their way out. */
class SlotChunks {
  #bytes = new Uint8Array(1 << 18);
  #view = new DataView(this.#bytes.buffer);
  #size = 0;
  #full: Uint8Array[] = [];

  /** An entry as the sort has it, big-endian. */
  add(view: DataView, at: number): void {
    const size = this.#room();
    this.#view.setUint32(size, view.getUint32(at + 4), true);
    this.#view.setUint32(size + 4, view.getUint32(at), true);
    this.#view.setUint32(size + 8, view.getUint32(at + 12), true);
    this.#view.setUint32(size + 12, view.getUint32(at + 8), true);
  }

  addEmpty(): void {
    const size = this.#room();
    this.#bytes.fill(0xff, size, size + slotBytes);
  }

  #room(): number {
    if (this.#size === this.#bytes.length) {
      this.#full.push(this.#bytes);
      this.#bytes = new Uint8Array(1 << 18);
      this.#view = new DataView(this.#bytes.buffer);
      this.#size = 0;
    }
    this.#size += slotBytes;
    return this.#size - slotBytes;
  }

  take(): Uint8Array[] {
    const out = [...this.#full, this.#bytes.subarray(0, this.#size)];
    this.#full = [];
    this.#bytes = new Uint8Array(1 << 18);
    this.#view = new DataView(this.#bytes.buffer);
    this.#size = 0;
    return out;
  }
}

function indexHeader(longest: number, collisions: number, buckets: number): Uint8Array {
  const bytes = new Uint8Array(indexHeaderBytes);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of [indexVersion, longest, collisions, buckets].entries()) {
    view.setBigUint64(i * 8, BigInt(value), true);
  }
  return bytes;
}

/** Puts content of a known size into skippable frames of at most `pieceSize`. */
async function* framed(
  content: AsyncIterable<Uint8Array>,
  total: number,
  pieceSize: number,
): AsyncGenerator<Uint8Array> {
  let left = 0;
  let rest = total;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        left = Math.min(pieceSize, rest);
        rest -= left;
        yield encodeSkipHeader(left);
      }
      const step = Math.min(left, chunk.length - at);
      yield chunk.subarray(at, at + step);
      at += step;
      left -= step;
    }
  }
}

function isEqual(record: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < record.length; i++) if (record[i] !== bytes[at + i]) return false;
  return true;
}
