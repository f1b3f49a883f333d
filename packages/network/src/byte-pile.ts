/** Pieces shorter than this are copied together. */
const small = 4 << 10;
const maxTail = 64 << 10;

/**
 * Bytes that come piece by piece. Small pieces share buffers, so that a sender of single bytes costs no more memory than
 * its bytes; large ones are kept as they are until {@link BytePile.join}.
 */
export class BytePile {
  #parts: Uint8Array[] = [];
  #length = 0;
  #tail: Uint8Array = new Uint8Array(0);
  #from = 0;
  #to = 0;

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  /** Adds a piece; it is kept, not copied, when it is large. */
  add(piece: Uint8Array): void {
    this.#length += piece.length;
    if (piece.length >= small) {
      this.#seal();
      this.#parts.push(piece);
      return;
    }
    if (this.#to + piece.length > this.#tail.length) {
      this.#seal();
      this.#tail = new Uint8Array(Math.min(maxTail, Math.max(1024, piece.length, this.#length)));
      this.#from = 0;
      this.#to = 0;
    }
    this.#tail.set(piece, this.#to);
    this.#to += piece.length;
  }

  /** All bytes as one plain `Uint8Array` (Node's Buffer is none: its slice() does not copy). The pile keeps them. */
  join(): Uint8Array {
    this.#seal();
    const only = this.#parts[0];
    if (this.#parts.length === 1 && only !== undefined) {
      return new Uint8Array(only.buffer, only.byteOffset, only.byteLength);
    }
    const joined = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      joined.set(part, at);
      at += part.length;
    }
    this.#parts = [joined];
    return joined;
  }

  #seal(): void {
    if (this.#to > this.#from) this.#parts.push(this.#tail.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
