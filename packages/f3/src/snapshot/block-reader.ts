import { createBlake2b } from "@copse/crypto";
import { CopseError, concatBytes, readUvarint } from "@copse/primitives";
import { F3SnapshotError } from "./errors.ts";

/** A part of the stream without its length. */
export interface SnapshotBlock {
  /** Of its length. */
  readonly offset: number;
  /** Offset of what follows it. */
  readonly end: number;
  readonly bytes: Uint8Array;
}

/** Longest varint of 64 bits. */
const longestLength = 10;
/** A source may hand over all of a file at once: it is taken in pieces. */
const pieceBytes = 256 << 10;

/**
 * Cuts a stream into its blocks, each led by its length; hashes it on the way. Holds one block and a piece of the stream:
 * memory grows with what came, never with what a length claims.
 */
export class BlockReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #hash = createBlake2b();
  #held: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  /** Bytes of the blocks that were given. */
  offset = 0;

  constructor(pieces: AsyncIterator<Uint8Array>) {
    this.#pieces = pieces;
  }

  /** The next block where all of it has come; else `undefined`: {@link next} waits for it. */
  tryNext(limit: number, instance: number | undefined): SnapshotBlock | undefined {
    const head = this.#length(limit, instance);
    if (head === undefined || this.#end < this.#start + head.size + head.length) return undefined;
    const { offset } = this;
    const from = this.#start + head.size;
    const bytes = this.#held.slice(from, from + head.length);
    this.#start = from + head.length;
    this.offset += head.size + head.length;
    return { offset, end: this.offset, bytes };
  }

  /** The next block; `undefined` where the stream ends. */
  async next(limit: number, instance: number | undefined): Promise<SnapshotBlock | undefined> {
    for (;;) {
      const block = this.tryNext(limit, instance);
      if (block !== undefined) return block;
      if (!(await this.#pull())) break;
    }
    const found = this.#end - this.#start;
    if (found === 0) return undefined;
    const head = this.#length(limit, instance);
    const needed = head === undefined ? found + 1 : head.size + head.length;
    throw new F3SnapshotError("f3/snapshot-cut", { instance, offset: this.offset, needed, found });
  }

  /** Whether anything is left. */
  async isAtEnd(): Promise<boolean> {
    while (this.#start === this.#end) if (!(await this.#pull())) return true;
    return false;
  }

  /** blake2b-256 of all that has come. */
  digest(): Uint8Array {
    return this.#hash.digest();
  }

  #length(limit: number, instance: number | undefined): { readonly size: number; readonly length: number } | undefined {
    const bytes = this.#held.subarray(this.#start, Math.min(this.#end, this.#start + longestLength));
    if (bytes.length < longestLength && !bytes.some((byte) => byte < 0x80)) return undefined;
    const { offset } = this;
    try {
      const { value, end } = readUvarint(bytes);
      if (value > limit) throw new F3SnapshotError("f3/snapshot-too-long", { instance, offset, length: value, limit });
      return { size: end, length: Number(value) };
    } catch (error) {
      if (error instanceof F3SnapshotError || !(error instanceof CopseError)) throw error;
      const facts = { instance, offset, why: error.message };
      throw new F3SnapshotError("f3/snapshot-length-malformed", facts, { cause: error });
    }
  }

  #rest: Uint8Array = new Uint8Array(0);

  async #pull(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const step = await this.#pieces.next();
      if (step.done === true) return false;
      this.#rest = step.value;
    }
    const piece = this.#rest.subarray(0, pieceBytes);
    this.#rest = this.#rest.subarray(piece.length);
    this.#hash.update(piece);
    this.#hold(piece);
    return true;
  }

  #hold(piece: Uint8Array): void {
    const length = this.#end - this.#start;
    if (length + piece.length > this.#held.length) {
      // Twice as much as is there: many small pieces of a long block are not copied over and over.
      const room = new Uint8Array(Math.max(2 * (length + piece.length), 2 * pieceBytes) - length);
      this.#held = concatBytes(this.#held.subarray(this.#start, this.#end), room);
      [this.#start, this.#end] = [0, length];
    } else if (this.#end + piece.length > this.#held.length) {
      this.#held.copyWithin(0, this.#start, this.#end);
      [this.#start, this.#end] = [0, length];
    }
    this.#held.set(piece, this.#end);
    this.#end += piece.length;
  }
}
