/** Bytes of a slab, and of the largest piece that is cut from one. */
const slabBytes = 16_384;
const pieceBytes = 4_096;
/** Pieces that are arrays of their own before the first slab is made: a tree of which one key is read needs no more. */
const alone = 8;

const nothing: Uint8Array = new Uint8Array(0);

/**
 * Where nodes get their bytes: pieces of larger arrays. An array of its own for each node costs ten times as much to make,
 * and as memory outside of V8's heap makes it collect garbage far more often.
 *
 * A piece keeps its slab alive, so each tree has a room of its own, and one that bounds what it keeps gives whole arrays.
 */
export class Room {
  #slab: Uint8Array = nothing;
  #used = 0;
  /** Pieces yet to be given alone. */
  #alone: number;

  /** @param whole give arrays of their own only */
  constructor(whole = false) {
    this.#alone = whole ? Number.POSITIVE_INFINITY : alone;
  }

  /** An array of zeros. */
  take(length: number): Uint8Array {
    if (this.#isAlone(length)) return new Uint8Array(length);
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Uint8Array(slabBytes);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    return this.#slab.subarray(start, this.#used);
  }

  /** A copy of a stretch of bytes. */
  copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
    if (this.#isAlone(end - start)) return bytes.slice(start, end);
    const piece = this.take(end - start);
    piece.set(bytes.subarray(start, end));
    return piece;
  }

  #isAlone(length: number): boolean {
    if (this.#alone > 0) {
      this.#alone--;
      return true;
    }
    return length > pieceBytes;
  }
}

/** A room that gives arrays of their own, and so has no state. */
export const wholeRoom: Room = new Room(true);
