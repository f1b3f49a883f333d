import type { CidBytes } from "@copse/ipld";
import { CarError } from "./errors.ts";

/** Slots in use per slot before the table grows. */
const fullness = 0.85;
/** Sections of one tag that are kept: more are the same block again, or made to be slow. */
const sameTagLimit = 32;
/** Slots looked at for one CID; with tags spread evenly a run is a hundredth of this. */
const runLimit = 1 << 14;

/**
 * Where the blocks of a CAR lie, in memory: a hash table in four typed arrays that keeps no CID. The section itself says
 * whose it is, so a look-up gives candidates.
 *
 * Size: 14 B a slot; 16.5 B a block once {@link trim} was called.
 * Bound: a file of blocks made to collide fails with `car/index-crowded`; it does not become slow.
 */
export class IndexTable {
  count = 0;
  #capacity: number;
  /** High bits give the slot, so the order of tags is that of slots and growing needs no CIDs. 0 is empty. */
  #tags: Uint32Array;
  #offsetsLow: Uint32Array;
  #offsetsHigh: Uint16Array;
  #lengths: Uint32Array;

  constructor(expected = 1024) {
    this.#capacity = Math.max(64, Math.ceil(expected / fullness));
    this.#tags = new Uint32Array(this.#capacity);
    this.#offsetsLow = new Uint32Array(this.#capacity);
    this.#offsetsHigh = new Uint16Array(this.#capacity);
    this.#lengths = new Uint32Array(this.#capacity);
  }

  /** Memory that the table takes. Unit: bytes. */
  get bytes(): number {
    return this.#capacity * 14;
  }

  /** @throws {CarError} `car/index-crowded` */
  add(cid: CidBytes, offset: number, length: number): void {
    if (this.count >= this.#capacity * fullness) this.#resize(Math.ceil(this.#capacity * 1.6));
    if (this.#insert(tagOf(cid), offset % 2 ** 32, Math.floor(offset / 2 ** 32), length)) this.count++;
  }

  /** Gives back the memory that growing left over. */
  trim(): void {
    const least = Math.max(64, Math.ceil(this.count / fullness));
    if (least < this.#capacity) this.#resize(least);
  }

  /** Calls back with each section that may be the CID's, in the order they were added, until told to stop by `true`. */
  *candidates(cid: CidBytes): Generator<{ readonly offset: number; readonly length: number }> {
    const tag = tagOf(cid);
    for (let slot = this.#slot(tag); ; slot = slot + 1 === this.#capacity ? 0 : slot + 1) {
      const found = this.#tags[slot] as number;
      if (found === 0) return;
      if (found !== tag) continue;
      const offset = (this.#offsetsHigh[slot] as number) * 2 ** 32 + (this.#offsetsLow[slot] as number);
      yield { offset, length: this.#lengths[slot] as number };
    }
  }

  #slot(tag: number): number {
    return Math.floor((tag / 2 ** 32) * this.#capacity);
  }

  #insert(tag: number, low: number, high: number, length: number): boolean {
    let slot = this.#slot(tag);
    let same = 0;
    for (let run = 0; this.#tags[slot] !== 0; run++) {
      if (this.#tags[slot] === tag && ++same === sameTagLimit) return false;
      if (run === runLimit) throw new CarError("car/index-crowded", { blocks: this.count, limit: runLimit });
      slot = slot + 1 === this.#capacity ? 0 : slot + 1;
    }
    this.#tags[slot] = tag;
    this.#offsetsLow[slot] = low;
    this.#offsetsHigh[slot] = high;
    this.#lengths[slot] = length;
    return true;
  }

  /** Goes over the old slots from the first empty one, so that runs keep their order and stay as short as they were. */
  #resize(capacity: number): void {
    const [tags, lows, highs, lengths] = [this.#tags, this.#offsetsLow, this.#offsetsHigh, this.#lengths];
    const old = this.#capacity;
    this.#capacity = capacity;
    this.#tags = new Uint32Array(capacity);
    this.#offsetsLow = new Uint32Array(capacity);
    this.#offsetsHigh = new Uint16Array(capacity);
    this.#lengths = new Uint32Array(capacity);
    const start = tags.indexOf(0);
    for (let i = 0, slot = start; i < old; i++, slot = slot + 1 === old ? 0 : slot + 1) {
      const tag = tags[slot] as number;
      if (tag === 0) continue;
      this.#insert(tag, lows[slot] as number, highs[slot] as number, lengths[slot] as number);
    }
  }
}

/** 32 bits of a CID, never 0. The whole CID goes in, as codecs and short digests differ too; the digest's end weighs most. */
function tagOf(cid: CidBytes): number {
  let tag = cid.length;
  for (let at = cid.length & 3; at < cid.length; at += 4) {
    const word = (cid[at] as number) | ((cid[at + 1] as number) << 8) | ((cid[at + 2] as number) << 16);
    tag = Math.imul(tag ^ word ^ ((cid[at + 3] as number) << 24), 0x9e3779b1);
    tag ^= tag >>> 15;
  }
  tag = Math.imul(tag ^ (tag >>> 16), 0x85ebca6b);
  tag ^= tag >>> 13;
  return tag >>> 0 || 1;
}
