import type { CidBytes } from "@copse/ipld";
import { type AbortOptions, assertNotAborted, encodeUvarint } from "@copse/primitives";
import { CarError } from "./errors.ts";
import { encodeCarHeader, encodeCarV2Prologue } from "./header.ts";
import { type CarLimits, defaultCarLimits } from "./options.ts";

/** What a writer needs of a block; a `CarBlock` fits, so what was read can be written. */
export interface CarEntry {
  readonly cid: CidBytes;
  readonly bytes: Uint8Array;
}

/** How to write a CAR. */
export interface CarWriteOptions extends AbortOptions {
  /**
   * Writes a CARv2 without index whose data has this size ({@link carDataSize}); a CARv1 where absent. The size comes
   * first in the file, so a stream must know it. Unit: bytes.
   */
  readonly v2DataSize?: number | undefined;
  /** Sections are gathered into chunks of about this size. Unit: bytes. */
  readonly chunkBytes?: number | undefined;
  /** The same limit as the reader's, so that what is written can be read. */
  readonly limits?: Pick<CarLimits, "sectionBytes"> | undefined;
}

/** A CAR in the making, for callers that push. Chunks come out when they are full. */
export interface CarWriter {
  /** Adds a section; gives a chunk when one is full. The arrays are copied. */
  put(cid: CidBytes, bytes: Uint8Array): Uint8Array | undefined;
  /** The last chunk. */
  end(): Uint8Array;
  /** Bytes of the file so far, those still held included. */
  readonly size: number;
}

const defaultChunkBytes = 256 << 10;

/**
 * Starts a CAR with the given roots. Blocks are written in the order of the calls, as they are: the same roots and
 * blocks give the same bytes.
 *
 * Cost: one copy of each block.
 *
 * @throws {CarError} `put`: `car/section-too-long`; `end`: `car/size-differs`
 * @example
 * const writer = createCarWriter([root]);
 * const chunk = writer.put(root, bytes);
 * const last = writer.end();
 */
export function createCarWriter(roots: readonly CidBytes[], options: CarWriteOptions = {}): CarWriter {
  return new ChunkWriter(roots, options);
}

class ChunkWriter implements CarWriter {
  readonly #chunkBytes: number;
  readonly #limit: number;
  readonly #announced: number | undefined;
  readonly #prologue: number;
  #chunk: Uint8Array;
  #at = 0;
  #flushed = 0;
  #sections = 0;

  constructor(roots: readonly CidBytes[], options: CarWriteOptions) {
    this.#chunkBytes = options.chunkBytes ?? defaultChunkBytes;
    this.#limit = options.limits?.sectionBytes ?? defaultCarLimits.sectionBytes;
    this.#announced = options.v2DataSize;
    const prologue = this.#announced === undefined ? new Uint8Array(0) : encodeCarV2Prologue(this.#announced);
    const header = encodeCarHeader(roots);
    this.#prologue = prologue.length;
    this.#chunk = new Uint8Array(Math.max(this.#chunkBytes, prologue.length + header.length));
    this.#append(prologue);
    this.#append(header);
  }

  get size(): number {
    return this.#flushed + this.#at;
  }

  put(cid: CidBytes, bytes: Uint8Array): Uint8Array | undefined {
    const content = cid.length + bytes.length;
    if (content > this.#limit) {
      const facts = { offset: this.size, section: this.#sections, length: BigInt(content), limit: this.#limit };
      throw new CarError("car/section-too-long", facts);
    }
    const length = encodeUvarint(content);
    const needed = length.length + content;
    let full: Uint8Array | undefined;
    if (this.#at > 0 && this.#at + needed > this.#chunk.length) full = this.#flush(needed);
    else if (needed > this.#chunk.length) this.#chunk = new Uint8Array(needed);
    this.#append(length);
    this.#append(cid);
    this.#append(bytes);
    this.#sections++;
    return full;
  }

  end(): Uint8Array {
    const written = this.size - this.#prologue;
    if (this.#announced !== undefined && written !== this.#announced) {
      throw new CarError("car/size-differs", { announced: this.#announced, written });
    }
    return this.#flush(0);
  }

  /** Hands out the chunk: a fresh one takes its place, since the receiver may still be sending it. */
  #flush(needed: number): Uint8Array {
    const full = this.#chunk.subarray(0, this.#at);
    this.#flushed += this.#at;
    this.#at = 0;
    this.#chunk = needed === 0 ? new Uint8Array(0) : new Uint8Array(Math.max(this.#chunkBytes, needed));
    return full;
  }

  #append(bytes: Uint8Array): void {
    this.#chunk.set(bytes, this.#at);
    this.#at += bytes.length;
  }
}

/**
 * Writes a CAR as a stream. Blocks are pulled as chunks are taken, so a slow receiver slows the source.
 *
 * @throws {CarError} `car/section-too-long`, `car/size-differs`
 * @throws {HostFault} `host/aborted`
 * @example
 * for await (const chunk of writeCar(roots, blocks)) await file.write(chunk);
 */
export async function* writeCar(
  roots: readonly CidBytes[],
  blocks: Iterable<CarEntry> | AsyncIterable<CarEntry>,
  options: CarWriteOptions = {},
): AsyncGenerator<Uint8Array> {
  const writer = createCarWriter(roots, options);
  for await (const { cid, bytes } of blocks) {
    assertNotAborted(options.signal);
    const chunk = writer.put(cid, bytes);
    if (chunk !== undefined) yield chunk;
  }
  yield writer.end();
}

/**
 * Writes a CAR in memory.
 *
 * @throws {CarError} `car/section-too-long`
 * @example
 * const file = encodeCar([root], [{ cid: root, bytes }], { version: 2 });
 */
export function encodeCar(
  roots: readonly CidBytes[],
  blocks: Iterable<CarEntry>,
  options: { readonly version?: 1 | 2; readonly limits?: Pick<CarLimits, "sectionBytes"> } = {},
): Uint8Array {
  const entries = Array.from(blocks);
  const dataSize = carDataSize(roots, entries);
  const writer = createCarWriter(roots, {
    limits: options.limits,
    v2DataSize: options.version === 2 ? dataSize : undefined,
    chunkBytes: dataSize + 64, // one chunk: the file
  });
  for (const { cid, bytes } of entries) writer.put(cid, bytes);
  return writer.end();
}

/**
 * Size of the CARv1 that holds these blocks: what a CARv2 announces. Unit: bytes.
 *
 * @example
 * writeCar(roots, blocks, { v2DataSize: carDataSize(roots, blocks) })
 */
export function carDataSize(roots: readonly CidBytes[], blocks: Iterable<CarEntry>): number {
  let size = encodeCarHeader(roots).length;
  for (const { cid, bytes } of blocks) {
    const content = cid.length + bytes.length;
    size += encodeUvarint(content).length + content;
  }
  return size;
}
