import { latin1 } from "@copse/primitives";
import { WalkError } from "./errors.ts";

/** Bytes of a digest. */
export const digestBytes = 32;

const chunkBits = 12; // 4,096 digests: 128 KiB
const chunkMask = (1 << chunkBits) - 1;
/** What the first chunk begins with: 64 digests. */
const firstBytes = 2048;
/** Most digests of one table: what leaves five bits of a slot to tell entries apart. */
const mostEntries: number = (2 ** 27 * 3) / 4;

/** Slots looked at before a digest is kept by its text: of uniform digests, fewer than one in 10,000 at the highest load. */
const mostProbes = 256;

/**
 * A hash table of 32-byte digests: entries stand densely in chunks, in order of arrival; slots of four bytes hold an
 * entry's number and, in the bits that are left, a few of its hash, so that a digest that is absent is nearly always
 * told without looking at an entry.
 *
 * Size: 32 B an entry, and 5.3 to 10.7 B of slots (load 3/8 to 3/4). It grows by doubling its slots; entries never move.
 *
 * Digests are hashes already, so their own bytes choose the slot. A stranger may make digests up that fall together
 * (a link need not lead to a block): what finds no slot in 256 goes into a JavaScript map, whose hash is secret.
 */
export class DigestTable {
  size = 0;
  readonly #chunks: Uint8Array[] = [];
  /** Entries without a slot, by the text of their digest. */
  readonly #crowded: Map<string, number> = new Map();
  /** Whether a slot may have come free before that of an entry without one. */
  #loosened = false;
  #slots: Uint32Array = new Uint32Array(64);
  #bits = 6;

  /** Bytes of memory held. */
  get byteLength(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, this.#slots.byteLength);
  }

  /** Number of the entry with the digest at `offset`, or -1. */
  find(bytes: Uint8Array, offset: number): number {
    const slot = this.#seek(bytes, offset);
    return slot < 0 ? this.#findCrowded(bytes, offset, slot) : this.#entryAt(slot);
  }

  /**
   * Adds the digest at `offset`; gives the number of its entry, or -1 - that number where it is there already.
   *
   * @throws {WalkError} `walk/set-full`
   */
  add(bytes: Uint8Array, offset: number): number {
    const found = this.#seek(bytes, offset);
    const before = found < 0 ? this.#findCrowded(bytes, offset, found) : this.#entryAt(found);
    if (before >= 0) return -1 - before;
    const entry = this.size;
    if (entry >= mostEntries) throw new WalkError("walk/set-full", { limit: mostEntries });
    const to = (entry & chunkMask) * digestBytes;
    let chunk = this.#chunks[entry >> chunkBits];
    if (chunk === undefined || to === chunk.length) chunk = this.#roomFor(entry);
    this.size++;
    for (let i = 0; i < digestBytes; i++) chunk[to + i] = bytes[offset + i] as number;
    this.#place(-1 - found, entry);
    if (this.size * 4 > this.#slots.length * 3) this.#grow();
    return entry;
  }

  /**
   * Takes the digest at `offset` out. The last entry moves into its place; gives the number of that place, or -1 where
   * the digest was not there.
   */
  delete(bytes: Uint8Array, offset: number): number {
    const slot = this.#seek(bytes, offset);
    const entry = slot < 0 ? this.#findCrowded(bytes, offset, slot) : this.#entryAt(slot);
    if (entry < 0) return -1;
    this.#loosened = true;
    if (slot >= 0) this.#free(slot);
    else this.#crowded.delete(latin1(this.digest(entry)));
    const last = --this.size;
    if (last !== entry) {
      const moved = this.digest(last);
      const at = this.#seek(moved, 0, last);
      this.digest(entry).set(moved);
      if (at < 0) this.#crowded.set(latin1(moved), entry);
      else this.#place(at, entry);
    }
    if (last >> chunkBits < this.#chunks.length - 1) this.#chunks.length = (last >> chunkBits) + 1;
    return entry;
  }

  /** The digest of an entry: a view. */
  digest(entry: number): Uint8Array {
    const at = (entry & chunkMask) * digestBytes;
    return (this.#chunks[entry >> chunkBits] as Uint8Array).subarray(at, at + digestBytes);
  }

  /** Forgets every entry. */
  clear(): void {
    this.size = 0;
    this.#chunks.length = 0;
    this.#crowded.clear();
    this.#loosened = false;
    this.#slots = new Uint32Array(64);
    this.#bits = 6;
  }

  /** The slot of a digest, or -1 - the free slot for it, which is past the last where there is none near. */
  #seek(bytes: Uint8Array, offset: number, entry = -1): number {
    const hash = hashAt(bytes, offset);
    const slots = this.#slots;
    const mask = slots.length - 1; // the low bits of a slot: an entry's number plus one
    const tag = tagOf(hash, mask);
    let slot = hash & mask;
    for (let probes = 0; probes < mostProbes; probes++, slot = (slot + 1) & mask) {
      const packed = slots[slot] as number;
      if (packed === 0) return -1 - slot;
      if (((packed ^ tag) & ~mask) !== 0) continue;
      const number = (packed & mask) - 1;
      if (entry >= 0 ? number === entry : this.#equals(number, bytes, offset)) return slot;
    }
    return -1 - slots.length;
  }

  /** The entry of a digest that `#seek` answered with `free`. */
  #findCrowded(bytes: Uint8Array, offset: number, free: number): number {
    if (this.#crowded.size === 0 || (!this.#loosened && -1 - free < this.#slots.length)) return -1;
    return this.#crowded.get(latin1(bytes.subarray(offset, offset + digestBytes))) ?? -1;
  }

  /** The chunk of a new entry. The first begins small: many sets hold little. */
  #roomFor(entry: number): Uint8Array {
    const at = entry >> chunkBits;
    const before = this.#chunks[at];
    const chunk = new Uint8Array(at > 0 ? digestBytes << chunkBits : (before?.length ?? firstBytes / 2) * 2);
    if (before !== undefined) chunk.set(before);
    this.#chunks[at] = chunk;
    return chunk;
  }

  /** Writes an entry into a slot, or keeps it by its text where the slot is past the last. */
  #place(slot: number, entry: number): void {
    const slots = this.#slots;
    const chunk = this.#chunks[entry >> chunkBits] as Uint8Array;
    const at = (entry & chunkMask) * digestBytes;
    if (slot < slots.length) slots[slot] = tagOf(hashAt(chunk, at), slots.length - 1) | (entry + 1);
    else this.#crowded.set(latin1(this.digest(entry)), entry);
  }

  #equals(entry: number, bytes: Uint8Array, offset: number): boolean {
    const chunk = this.#chunks[entry >> chunkBits] as Uint8Array;
    const at = (entry & chunkMask) * digestBytes;
    for (let i = 0; i < digestBytes; i++) if (chunk[at + i] !== bytes[offset + i]) return false;
    return true;
  }

  #entryAt(slot: number): number {
    return ((this.#slots[slot] as number) & (this.#slots.length - 1)) - 1;
  }

  #grow(): void {
    this.#bits++;
    this.#slots = new Uint32Array(1 << this.#bits);
    this.#crowded.clear();
    this.#loosened = false;
    const mask = this.#slots.length - 1;
    for (let entry = 0; entry < this.size; entry++) {
      const hash = hashAt(this.#chunks[entry >> chunkBits] as Uint8Array, (entry & chunkMask) * digestBytes);
      let slot = hash & mask;
      let probes = 0;
      while (this.#slots[slot] !== 0 && ++probes < mostProbes) slot = (slot + 1) & mask;
      if (this.#slots[slot] === 0) this.#slots[slot] = tagOf(hash, mask) | (entry + 1);
      else this.#crowded.set(latin1(this.digest(entry)), entry);
    }
  }

  /** Empties a slot and moves those behind it back, so that no search ends too early. */
  #free(slot: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = slot;
    for (let at = (slot + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const entry = this.#entryAt(at);
      const home = hashAt(this.#chunks[entry >> chunkBits] as Uint8Array, (entry & chunkMask) * digestBytes) & mask;
      // it may move when its home is not between the hole and itself
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        slots[hole] = slots[at] as number;
        hole = at;
      }
    }
    slots[hole] = 0;
  }
}

/** Eight bytes of a digest, mixed. */
function hashAt(bytes: Uint8Array, offset: number): number {
  const a =
    (bytes[offset] as number) |
    ((bytes[offset + 1] as number) << 8) |
    ((bytes[offset + 2] as number) << 16) |
    ((bytes[offset + 3] as number) << 24);
  const b =
    (bytes[offset + 4] as number) |
    ((bytes[offset + 5] as number) << 8) |
    ((bytes[offset + 6] as number) << 16) |
    ((bytes[offset + 7] as number) << 24);
  const hash = Math.imul(a, 0x85ebca6b);
  return hash ^ (hash >>> 15) ^ b;
}

/** Bits of a hash for what a slot has room for besides the entry's number. */
function tagOf(hash: number, mask: number): number {
  return Math.imul(hash, 0x9e3779b1) & ~mask;
}
