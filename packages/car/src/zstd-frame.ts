import { CarError } from "./errors.ts";

/** Largest block of a frame. @see RFC 8878 section 3.1.1.2.4 */
const blockBytes = 128 << 10;
/** Largest window a frame may ask for: what zstd decoders take by default. */
const windowBytes = 128 << 20;

/** What opens a frame. */
export const zstdMagic = 0xfd2fb528;
/** The first of sixteen; `.forest.car.zst` uses this one. */
export const skippableMagic = 0x184d2a50;
/** Magic number and length of a skippable frame. */
export const skipHeaderBytes = 8;

/** A zstd frame, measured without decompressing it. */
export interface ZstdFrame {
  /** Size in the file. Unit: bytes. */
  readonly length: number;
  readonly isSkippable: boolean;
  /** What it gives at most: known exactly where the frame says it or has raw blocks only. Unit: bytes. */
  readonly most: number;
}

/** Whether bytes open a zstd stream: a frame, or one of the sixteen kinds of skippable frame. */
export function isZstd(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && (magicAt(bytes, 0) === zstdMagic || isSkippable(bytes, 0));
}

function isSkippable(bytes: Uint8Array, at: number): boolean {
  return magicAt(bytes, at) >>> 4 === skippableMagic >>> 4;
}

function magicAt(bytes: Uint8Array, at: number): number {
  return u32(bytes, at);
}

function u32(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
  return (low | ((bytes[at + 3] as number) << 24)) >>> 0;
}

/**
 * Goes over one zstd frame as it comes, by its block headers: it tells where the frame ends and how much it gives at most,
 * without decompressing it or holding any of it.
 *
 * Cost: one step a block.
 *
 * @see RFC 8878 section 3.1
 */
export class FrameWalker {
  /** Bytes gone over. */
  length = 0;
  /** What they give at most: known exactly where the frame says it or has raw blocks only. */
  most = 0;
  isSkippable = false;
  isDone = false;

  readonly #offset: number;
  /** Bytes of the header, or of a block header, until they are whole. */
  readonly #head = new Uint8Array(18);
  #headLength = 0;
  /** Five bytes tell the kinds apart. */
  #headNeeded = 5;
  #inHeader = true;
  #skip = 0;
  #isLast = false;
  #checksumBytes = 0;
  #contentBytes: number = Number.POSITIVE_INFINITY;

  /** @param offset of the frame in its file, for errors */
  constructor(offset: number) {
    this.#offset = offset;
  }

  /** Bytes that are missing for the next step. */
  get missing(): number {
    return this.#skip > 0 ? this.#skip : this.#headNeeded - this.#headLength;
  }

  /** Whether a block has ended here. */
  get isAtBlock(): boolean {
    return !this.#inHeader && this.#skip === 0 && this.#headLength === 0;
  }

  /**
   * Takes bytes from `at` on.
   *
   * @returns where it stopped: the end of the frame, or that of the bytes
   * @throws {CarError} `car/frame-malformed`
   */
  push(bytes: Uint8Array, at: number): number {
    let next = at;
    while (!this.isDone && next < bytes.length) {
      const step = Math.min(this.missing, bytes.length - next);
      if (this.#skip > 0) this.#skip -= step;
      else {
        for (let i = 0; i < step; i++) this.#head[this.#headLength++] = bytes[next + i] as number;
      }
      next += step;
      this.length += step;
      if (this.#skip === 0) this.#turn();
    }
    return next;
  }

  /** Reads a head that is whole, and ends the frame after the last block. */
  #turn(): void {
    if (this.#headLength === this.#headNeeded) {
      if (this.#inHeader) this.#readHeader();
      else this.#readBlockHeader();
    }
    if (this.#skip > 0 || this.#inHeader || this.#headLength > 0) return;
    if (!this.#isLast) return;
    if (this.#checksumBytes > 0) {
      this.#skip = this.#checksumBytes;
      this.#checksumBytes = 0;
      return;
    }
    this.most = Math.min(this.most, this.#contentBytes);
    this.isDone = true;
  }

  #readHeader(): void {
    const head = this.#head;
    const magic = u32(head, 0);
    if (magic >>> 4 === skippableMagic >>> 4) {
      if (this.#headNeeded < skipHeaderBytes) {
        this.#headNeeded = skipHeaderBytes;
        return;
      }
      this.isSkippable = true;
      this.#skip = u32(head, 4);
      this.#isLast = true;
      this.#blocksBegin();
      return;
    }
    if (magic !== zstdMagic) throw this.#malformed("it does not start like a zstd frame");
    const descriptor = head[4] as number;
    if ((descriptor & 0x08) !== 0) throw this.#malformed("a reserved bit is set");
    const isSingle = (descriptor & 0x20) !== 0;
    const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >>> 6] as number;
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
    const sizeAt = 5 + (isSingle ? 0 : 1) + dictionaryBytes;
    const length = sizeAt + sizeBytes;
    if (length > this.#headNeeded) {
      this.#headNeeded = length;
      return;
    }
    if (!isSingle) {
      const window = head[5] as number;
      const base = 2 ** (10 + (window >>> 3));
      if (base + (base / 8) * (window & 7) > windowBytes) throw this.#malformed(`a window of ${base} B or more`);
    }
    if (sizeBytes > 0) this.#contentBytes = contentSize(head, sizeAt, sizeBytes);
    this.#checksumBytes = (descriptor & 4) === 0 ? 0 : 4;
    this.#blocksBegin();
  }

  #blocksBegin(): void {
    this.#inHeader = false;
    this.#headLength = 0;
    this.#headNeeded = 3;
  }

  #readBlockHeader(): void {
    const head = this.#head;
    const word = (head[0] as number) | ((head[1] as number) << 8) | ((head[2] as number) << 16);
    const size = word >>> 3;
    const type = (word >>> 1) & 3;
    if (type === 3) throw this.#malformed(`a block of the reserved type before byte ${this.#offset + this.length}`);
    if (size > blockBytes) throw this.#malformed(`a block of ${size} B before byte ${this.#offset + this.length}`);
    this.#skip = type === 1 ? 1 : size;
    this.most += type === 2 ? blockBytes : size;
    this.#isLast = (word & 1) === 1;
    this.#headLength = 0;
  }

  #malformed(why: string): CarError {
    return new CarError("car/frame-malformed", { offset: this.#offset, why });
  }
}

/**
 * Measures the frame at `at`.
 *
 * @param offset of `bytes` in the file, for errors
 * @returns the frame, or how many bytes from `at` on are needed to go further
 * @throws {CarError} `car/frame-malformed`
 */
export function measureFrame(bytes: Uint8Array, at: number, offset: number): ZstdFrame | number {
  const walker = new FrameWalker(offset + at);
  walker.push(bytes, at);
  if (!walker.isDone) return walker.length + walker.missing;
  return { length: walker.length, isSkippable: walker.isSkippable, most: walker.most };
}

/** Where the blocks of a frame end, as far as they are there and make sense. */
export function blockEnds(bytes: Uint8Array, offset: number): number[] {
  const walker = new FrameWalker(offset);
  const ends: number[] = [];
  try {
    for (let at = 0; at < bytes.length && !walker.isDone; ) {
      // One step a time: up to what is missing for the next turn.
      at = walker.push(bytes.subarray(0, at + walker.missing), at);
      if (walker.isAtBlock) ends.push(at);
    }
  } catch (error) {
    if (!(error instanceof CarError)) throw error;
  }
  return ends;
}

function contentSize(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] as number);
  return size === 2 ? value + 256 : value;
}

/** The bytes of one frame of a stream. */
export async function* oneFrame(walker: FrameWalker, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk.subarray(0, walker.push(chunk, 0));
    if (walker.isDone) return;
  }
}
