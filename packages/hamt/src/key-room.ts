/** Bytes of the longest key that shares bytes with others. */
export const roomyKey = 64;
/** Bytes that keys share. A key that is kept keeps those next to it, so no more than that. */
const chunkBytes = 8192;

/**
 * Where a walk gets arrays for keys of up to 64 bytes. An own one is a view of bytes that it shares with the keys next to
 * it: V8 makes that in two thirds of the time of an array that stands alone, and in half the memory. A lent one is the
 * same array for each key of its length.
 */
export class KeyRoom {
  /** The lent keys by their lengths, all at the start of the same words. */
  readonly lent: Uint8Array[] | undefined;
  #end = 0;
  /** The bytes of the key that was taken last, as words, which lie from `at` on; up to three bytes behind it are free. */
  words: DataView;
  at = 0;

  /** @param lends keys are good until the next one is taken */
  constructor(lends: boolean) {
    this.lent = lends ? [] : undefined;
    this.words = new DataView(new ArrayBuffer(lends ? roomyKey : 0));
  }

  /** An array for a key of at most 64 bytes. */
  take(length: number): Uint8Array {
    const { lent } = this;
    if (lent !== undefined) {
      lent[length] ??= new Uint8Array(this.words.buffer, 0, length);
      return lent[length] as Uint8Array;
    }
    if (this.#end + length > this.words.byteLength) {
      this.words = new DataView(new ArrayBuffer(chunkBytes));
      this.#end = 0;
    }
    this.at = this.#end;
    this.#end += (length + 3) & ~3;
    return new Uint8Array(this.words.buffer, this.at, length);
  }

  /** A key of at most 64 bytes, copied a word at a time. */
  copy(from: DataView, start: number, length: number): Uint8Array {
    const key = this.take(length);
    const { words, at } = this;
    if (start + length + 3 > from.byteLength) {
      for (let i = 0; i < length; i++) key[i] = from.getUint8(start + i);
    } else {
      for (let i = 0; i < length; i += 4) words.setInt32(at + i, from.getInt32(start + i));
    }
    return key;
  }
}
