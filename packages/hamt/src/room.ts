/** Bytes of a whole slab, of the first one, and of the largest piece that is cut from one. */
const slabBytes = 16_384;
const firstBytes = 2_048;
const pieceBytes = 4_096;

const nothing: Uint8Array = new Uint8Array(0);

/**
 * Where nodes get their bytes: pieces of larger arrays. An array of its own for each node costs ten times as much to make,
 * and as memory outside of V8's heap makes it collect garbage far more often.
 *
 * A piece keeps its slab alive, so each tree has a room of its own, and one that bounds what it keeps gives whole arrays.
 */
export class Room {
  readonly #whole: boolean;
  #slab: Uint8Array = nothing;
  #used = 0;
  #size: number = firstBytes;

  /** @param whole give arrays of their own */
  constructor(whole = false) {
    this.#whole = whole;
  }

  /** An array of zeros. */
  take(length: number): Uint8Array {
    if (this.#whole || length > pieceBytes) return new Uint8Array(length);
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Uint8Array(this.#size);
      this.#used = 0;
      this.#size = Math.min(slabBytes, this.#size * 2);
      if (length > this.#slab.length) return new Uint8Array(length);
    }
    const start = this.#used;
    this.#used += length;
    return this.#slab.subarray(start, this.#used);
  }

  /** A copy of a stretch of bytes. */
  copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
    if (this.#whole || end - start > pieceBytes) return bytes.slice(start, end);
    const piece = this.take(end - start);
    piece.set(bytes.subarray(start, end));
    return piece;
  }
}

/** A room that gives arrays of their own, and so has no state. */
export const wholeRoom: Room = new Room(true);
