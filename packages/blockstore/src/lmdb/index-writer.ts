import type { CidBytes } from "@copse/ipld";
import { concatBytes, HostFault, joinBytes } from "@copse/primitives";
import type { BlockEntry } from "../store.ts";
import type { IndexReader } from "./index-reader.ts";
import {
  metaKeys,
  prefixBytes,
  prefixHigh,
  prefixLow,
  readSequence,
  sequenceBytes,
  sequenceKey,
  writePrefix,
  writeSequence,
} from "./layout.ts";
import type { Tables } from "./tables.ts";
import { TailTable, tailBuckets } from "./tail.ts";

const append = { append: true };
const ifAbsent = { noOverwrite: true };

/** Blocks a tail takes before it is merged, where the caller sets no number: 32 MiB of memory, twice that in a merge. */
export const defaultTailBlocks = 1_000_000;

/**
 * Writes blocks and keeps the index; every method runs inside a write transaction.
 *
 * Merging goes in steps of one bucket (a 256th of the index) so that no commit waits for a whole merge. A step that is
 * repeated after a crash finds its entries there already.
 */
export class IndexWriter {
  readonly #tables: Tables;
  readonly #reader: IndexReader;
  readonly #tailBlocks: number;
  /** A block's record is put together here; the engine copies it before `put` returns. */
  #scratch: Uint8Array = new Uint8Array(1 << 16);
  readonly #key: Uint8Array = new Uint8Array(sequenceBytes);
  readonly #prefix: Uint8Array = new Uint8Array(prefixBytes);
  /** The next bucket to merge, and the sequence that the merge began at. */
  #bucket = 0;
  #mergeEnd = 0;
  /** Blocks that must arrive before the next step. */
  #untilStep = 0;

  constructor(tables: Tables, reader: IndexReader, tailBlocks: number) {
    this.#tables = tables;
    this.#reader = reader;
    this.#tailBlocks = Math.max(1, tailBlocks);
  }

  /** Appends the blocks that are not there yet. */
  put(entries: readonly BlockEntry[]): void {
    if (entries.length === 0) return;
    const { meta, journal, blocks } = this.#tables;
    const first = readNext(meta.getBinaryFast(metaKeys.next));
    if (first !== this.#reader.loaded) this.#reader.refresh(); // another instance has written
    let next = first;
    let prefixes: Uint8Array = new Uint8Array(Math.min(entries.length, 4096) * prefixBytes);
    for (const [cid, bytes] of entries) {
      if (this.#reader.find(cid) >= 0) continue;
      const at = (next - first) * prefixBytes;
      if (at === prefixes.length) prefixes = concatBytes(prefixes, new Uint8Array(prefixes.length));
      const prefix = this.#reader.prefix; // left there by find
      prefixes.set(prefix, at);
      added(blocks.putSync(writeSequence(this.#key, next), this.#record(cid, bytes), append));
      // At once, so that the next entry of the same batch sees this one; harmless should the transaction fail.
      this.#reader.tail.add(prefixHigh(prefix), prefixLow(prefix), next);
      next++;
    }
    if (next === first) return;
    added(journal.putSync(sequenceKey(first), prefixes.subarray(0, (next - first) * prefixBytes), append));
    meta.put(metaKeys.next, sequenceKey(next));
    this.#reader.loaded = next;
    this.#merge(next, next - first);
  }

  /** Removes blocks; those that are absent are passed over. */
  delete(cids: Iterable<CidBytes>): void {
    for (const cid of cids) {
      const sequence = this.#reader.find(cid);
      if (sequence < 0) continue;
      this.#tables.blocks.remove(sequenceKey(sequence));
      this.#forget(this.#reader.tail, sequence);
      if (this.#reader.merging !== undefined) this.#forget(this.#reader.merging, sequence);
      this.#unlist(sequence);
    }
  }

  #record(cid: CidBytes, bytes: Uint8Array): Uint8Array {
    const length = 2 + cid.length + bytes.length;
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(length * 2);
    const record = this.#scratch;
    record[0] = cid.length >>> 8;
    record[1] = cid.length;
    record.set(cid, 2);
    record.set(bytes, 2 + cid.length);
    return record.subarray(0, length);
  }

  #forget(tail: TailTable, sequence: number): void {
    const { prefix } = this.#reader;
    const high = prefixHigh(prefix);
    const low = prefixLow(prefix);
    for (let slot = tail.first(high, low); slot >= 0; slot = tail.next(slot, high, low)) {
      if (tail.sequenceAt(slot) === sequence) tail.remove(slot);
    }
  }

  #unlist(sequence: number): void {
    const { index } = this.#tables;
    const { prefix } = this.#reader;
    const listed = index.getBinary(prefix);
    if (listed === undefined) return;
    const kept: Uint8Array[] = [];
    for (let at = 0; at < listed.length; at += sequenceBytes) {
      if (readSequence(listed, at) !== sequence) kept.push(listed.subarray(at, at + sequenceBytes));
    }
    if (kept.length === 0) index.remove(prefix);
    else if (kept.length * sequenceBytes < listed.length) index.put(prefix, joinBytes(kept));
  }

  /** Merges as much as `added` new blocks call for: a merge ends well before the next one has to begin. */
  #merge(next: number, added: number): void {
    const reader = this.#reader;
    if (reader.merging === undefined) {
      if (reader.tail.size < this.#tailBlocks) return;
      reader.merging = reader.tail;
      reader.tail = new TailTable();
      this.#bucket = 0;
      this.#mergeEnd = next;
      this.#untilStep = 0;
    }
    const perStep = reader.merging.size / tailBuckets / 2;
    for (this.#untilStep -= added; this.#untilStep <= 0 && reader.merging !== undefined; this.#untilStep += perStep) {
      this.#mergeBucket(reader.merging, this.#bucket);
      if (++this.#bucket === tailBuckets) this.#endMerge();
    }
  }

  #mergeBucket(tail: TailTable, bucket: number): void {
    const { index } = this.#tables;
    const key = this.#prefix;
    for (const { high, low, sequence } of tail.bucket(bucket)) {
      if (index.putSync(writePrefix(key, high, low), writeSequence(this.#key, sequence), ifAbsent) as unknown) continue;
      const listed = index.getBinary(key);
      if (listed !== undefined && !lists(listed, sequence)) index.put(key, concatBytes(listed, sequenceKey(sequence)));
    }
  }

  #endMerge(): void {
    const { journal } = this.#tables;
    const keys = [...journal.getKeys({ end: sequenceKey(this.#mergeEnd) })];
    for (const key of keys) journal.remove(key);
    this.#reader.merging = undefined;
  }
}

/** An append that does not come last is refused by the engine without an error: the sequence would be damaged. */
function added(done: unknown): void {
  if (done === false)
    throw new HostFault("host/store-failed", { operation: "append", reason: "the sequence is not last" });
}

function readNext(bytes: Uint8Array | undefined): number {
  return bytes === undefined ? 0 : readSequence(bytes);
}

function lists(listed: Uint8Array, sequence: number): boolean {
  for (let at = 0; at < listed.length; at += sequenceBytes) if (readSequence(listed, at) === sequence) return true;
  return false;
}
