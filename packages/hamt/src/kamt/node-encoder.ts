import type { CidBytes } from "@copse/ipld";
import { bytesOf } from "./entry.ts";
import type { KamtNode, Pointer } from "./pointer.ts";

/** Bytes that the heads of a node, a pointer and a link take at most. */
const headBytes = 64;

/**
 * Writes nodes, one at a time, into a buffer of its own. By bytes, as a node is heads of known form and copies: a writer that
 * takes an array for each costs twice as much.
 */
export class NodeEncoder {
  #bytes: Uint8Array = new Uint8Array(4096);
  #length = 0;

  /** The block of a node whose children all have their CIDs: a view that the next one overwrites. */
  encode<K>(node: KamtNode<K>): Uint8Array {
    this.#length = 0;
    this.#room(headBytes);
    this.#head(0x80, 2);
    this.#bitfield(node.bits);
    this.#head(0x80, node.pointers.length);
    for (const pointer of node.pointers) {
      this.#room(headBytes);
      if (pointer.bucket === undefined) this.#link(pointer);
      else this.#values(pointer);
    }
    return this.#bytes.subarray(0, this.#length);
  }

  #link<K>(pointer: Pointer<K>): void {
    const cid = pointer.cid as CidBytes;
    const { length, path } = pointer.extension;
    this.#room(cid.length + path.length + headBytes);
    this.#name(0x6c);
    this.#head(0x80, 3);
    this.#head(0xc0, 42);
    this.#head(0x40, cid.length + 1);
    this.#bytes[this.#length++] = 0;
    this.#copy(cid, 0, cid.length);
    this.#head(0x00, length);
    this.#head(0x40, path.length);
    this.#copy(path, 0, path.length);
  }

  #values<K>({ bucket = [] }: Pointer<K>): void {
    this.#name(0x76);
    this.#head(0x80, bucket.length);
    for (const { chunk, at, end } of bucket) {
      this.#room(end - at + headBytes);
      this.#copy(bytesOf(chunk), at, end);
    }
  }

  /** Head of a map of one pair, whose name is one letter. */
  #name(letter: number): void {
    this.#bytes[this.#length++] = 0xa1;
    this.#bytes[this.#length++] = 0x61;
    this.#bytes[this.#length++] = letter;
  }

  /** A big-endian integer without leading zeros. */
  #bitfield(bits: readonly number[]): void {
    let top = bits.length - 1;
    while (top >= 0 && bits[top] === 0) top--;
    const length = top < 0 ? 0 : 4 * top + ((39 - Math.clz32(bits[top] as number)) >> 3);
    this.#head(0x40, length);
    for (let i = length - 1; i >= 0; i--) {
      this.#bytes[this.#length++] = (bits[i >> 2] as number) >>> (8 * (i & 3));
    }
  }

  #head(major: number, value: number): void {
    if (value < 24) {
      this.#bytes[this.#length++] = major | value;
      return;
    }
    const width = value < 0x100 ? 1 : value < 0x10000 ? 2 : 4;
    this.#bytes[this.#length++] = major | (width === 1 ? 24 : width === 2 ? 25 : 26);
    for (let shift = 8 * (width - 1); shift >= 0; shift -= 8) this.#bytes[this.#length++] = value >>> shift;
  }

  #copy(source: Uint8Array, from: number, to: number): void {
    const bytes = this.#bytes;
    let at = this.#length;
    this.#length += to - from;
    if (to - from > 128) bytes.set(source.subarray(from, to), at);
    else for (let i = from; i < to; i++) bytes[at++] = source[i] as number; // a view costs more than it saves
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
