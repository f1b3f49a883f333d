import { CborWriter, type Codec } from "@copse/ipld";

const firstChunk = 1024;
const fullChunk = 65536;

/**
 * Bytes of many nodes and values side by side, so that neither costs an array of its own. What is added never changes
 * and is never moved out of the chunk that `bytes` was at the time.
 *
 * Bound: a chunk lives as long as a node that means bytes of it, so a value may hold 64 KiB that nothing else needs.
 */
export class Arena {
  #writer: CborWriter;
  #chunk = firstChunk;
  #largest = 64;
  /** Where the latest addition lies: `bytes` from `start` to `end`. */
  start = 0;
  end = 0;

  constructor() {
    this.#writer = this.#begin(firstChunk);
  }

  get bytes(): Uint8Array {
    return this.#writer.buffer;
  }

  /** Adds a copy of a block. */
  copy(block: Uint8Array): void {
    this.#room(block.length);
    this.start = this.#writer.length;
    this.#writer.raw(block);
    this.end = this.#writer.length;
  }

  /** Adds the CBOR of a value. What a failing codec leaves behind is in no one's way. */
  encode<V>(codec: Codec<V>, value: V): void {
    this.#room(this.#largest);
    const { buffer } = this.#writer;
    const start = this.#writer.length;
    codec.encode(this.#writer, value);
    this.start = start;
    this.end = this.#writer.length;
    if (this.#writer.buffer !== buffer) this.#largest = Math.min(fullChunk, 2 * (this.end - start));
  }

  #room(needed: number): void {
    const { buffer, length } = this.#writer;
    if (buffer.length - length >= needed) return;
    this.#chunk = Math.min(fullChunk, 2 * this.#chunk);
    this.#writer = this.#begin(Math.max(this.#chunk, needed + 1));
  }

  /** A span that starts at 0 means nothing, so no chunk has one. */
  #begin(capacity: number): CborWriter {
    return new CborWriter(capacity).null();
  }
}
