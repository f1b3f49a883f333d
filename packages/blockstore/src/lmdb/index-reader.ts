import type { CidBytes } from "@copse/ipld";
import {
  fillPrefix,
  prefixBytes,
  prefixHigh,
  prefixLow,
  readSequence,
  sequenceBytes,
  sequenceKey,
  writeSequence,
} from "./layout.ts";
import type { Tables } from "./tables.ts";
import { TailTable } from "./tail.ts";

/**
 * Finds where blocks lie: first in the tails in memory, then in the index on disk; the CID stored with the block decides.
 *
 * The newest tail takes new blocks; an older one, if any, is being merged. Both hold only what some row of the journal
 * holds too, so they can be rebuilt from the file at any time.
 */
export class IndexReader {
  readonly #tables: Tables;
  /** What the current reads are about; filled by {@link find}, read by the writer. */
  readonly prefix: Uint8Array = new Uint8Array(prefixBytes);
  readonly #key: Uint8Array = new Uint8Array(sequenceBytes);
  tail: TailTable = new TailTable();
  merging: TailTable | undefined;
  /** Sequences below this one are in a tail or the index as far as this instance knows; a writer moves it on. */
  loaded = 0;
  /** Size of the tail after the last start over. */
  #reloaded = 0;

  constructor(tables: Tables) {
    this.#tables = tables;
    this.reload();
  }

  /**
   * The sequence of a block, or -1. Its value is then in {@link value}.
   *
   * Cost: for an absent block one lookup in the index on disk; for one that is there, that and one in the blocks.
   */
  find(cid: CidBytes): number {
    fillPrefix(this.prefix, cid);
    const high = prefixHigh(this.prefix);
    const low = prefixLow(this.prefix);
    let found = this.#inTail(this.tail, high, low, cid);
    if (found < 0 && this.merging !== undefined) found = this.#inTail(this.merging, high, low, cid);
    return found < 0 ? this.#inIndex(cid) : found;
  }

  /** The record last found: view that the next read overwrites. */
  value: Uint8Array = new Uint8Array(0);

  /** Takes over what another instance has written since; what was merged meanwhile leaves memory now and then. */
  follow(): void {
    if (this.tail.size > 2 * this.#reloaded + (1 << 16)) this.reload();
    else this.refresh();
  }

  /** Takes over what the journal holds from where this instance stopped. */
  refresh(): void {
    for (const { key, value } of this.#tables.journal.getRange({ start: sequenceKey(this.loaded) })) {
      const first = readSequence(key);
      for (let at = 0, i = 0; at < value.length; at += prefixBytes, i++) {
        this.tail.add(prefixHigh(value, at), prefixLow(value, at), first + i);
      }
      this.loaded = first + value.length / prefixBytes;
    }
  }

  /** Starts over from the journal: what was merged since leaves memory. */
  reload(): void {
    this.tail = new TailTable();
    this.merging = undefined;
    this.loaded = 0;
    this.refresh();
    this.#reloaded = this.tail.size;
  }

  #inTail(tail: TailTable, high: number, low: number, cid: CidBytes): number {
    for (let slot = tail.first(high, low); slot >= 0; slot = tail.next(slot, high, low)) {
      const sequence = tail.sequenceAt(slot);
      if (this.#holds(sequence, cid)) return sequence;
    }
    return -1;
  }

  #inIndex(cid: CidBytes): number {
    const listed = this.#tables.index.getBinaryFast(this.prefix);
    if (listed === undefined) return -1;
    if (listed.length === sequenceBytes) {
      const sequence = readSequence(listed);
      return this.#holds(sequence, cid) ? sequence : -1;
    }
    const sequences = Uint8Array.from(listed.subarray(0, listed.length)); // the next read overwrites it
    for (let at = 0; at < sequences.length; at += sequenceBytes) {
      const sequence = readSequence(sequences, at);
      if (this.#holds(sequence, cid)) return sequence;
    }
    return -1;
  }

  /** Whether the block of that sequence is there and is the one; a deleted block leaves its sequence behind. */
  #holds(sequence: number, cid: CidBytes): boolean {
    const value = this.#tables.blocks.getBinaryFast(writeSequence(this.#key, sequence));
    if (value === undefined) return false;
    if ((((value[0] as number) << 8) | (value[1] as number)) !== cid.length) return false;
    for (let i = 0; i < cid.length; i++) if (value[2 + i] !== cid[i]) return false;
    this.value = value;
    return true;
  }
}
