import type { AbortOptions } from "@copse/primitives";
import { defaultChunkBytes, type RandomAccess, readRange } from "./access.ts";

/** Bytes of a source around where it is read, in one chunk of memory that is never written again. */
export class Window {
  /** Where the bytes end that may be read. */
  readonly end: number;
  readonly #access: RandomAccess;
  readonly #options: AbortOptions;
  #base = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(access: RandomAccess, end: number, options: AbortOptions) {
    this.#access = access;
    this.end = end;
    this.#options = options;
  }

  /** Bytes from `offset` on that have been read already, if any. */
  there(offset: number): Uint8Array {
    const at = offset - this.#base;
    return at >= 0 ? this.#bytes.subarray(at) : this.#bytes.subarray(0, 0);
  }

  /** Bytes from `offset` on that are there without reading; as many as lie before the end are at least `length`. */
  async ahead(offset: number, length: number): Promise<Uint8Array> {
    const wanted = Math.min(length, this.end - offset);
    if (offset < this.#base || offset + wanted > this.#base + this.#bytes.length) {
      this.#bytes = await readRange(
        this.#access,
        offset,
        Math.min(Math.max(wanted, defaultChunkBytes), this.end - offset),
        this.#options,
      );
      this.#base = offset;
    }
    return this.#bytes.subarray(offset - this.#base);
  }

  /** The same bytes and no others; a range outside the chunk is read for itself, and the chunk stays. */
  async range(offset: number, length: number): Promise<Uint8Array> {
    const at = offset - this.#base;
    if (at >= 0 && at + length <= this.#bytes.length) return this.#bytes.subarray(at, at + length);
    return readRange(this.#access, offset, length, this.#options);
  }
}
