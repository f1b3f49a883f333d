import type { CidBytes } from "@copse/ipld";
import { type AbortOptions, assertNotAborted } from "@copse/primitives";
import { decompressZstd, loadFrameDecoder } from "#zstd";
import { chunksOf, defaultChunkBytes, type RandomAccess, readLater, readRange } from "./access.ts";
import { CarError } from "./errors.ts";
import { findForestIndex, readForestFooter } from "./forest/footer.ts";
import type { FrameDecoder } from "./frame-codec.ts";
import type { CarKind } from "./kind.ts";
import type { CarReadOptions } from "./options.ts";
import { type CarBlock, CarScanner } from "./scanner.ts";
import { FrameWalker, isZstd, measureFrame, oneFrame } from "./zstd-frame.ts";

/** Held ahead of a frame: nearly all are smaller. */
const aheadBytes = 64 << 10;
/** Compressed frames up to this size are decompressed whole; a larger one is streamed. Unit: bytes. */
const wholeFrameBytes = 1 << 20;
/** Most that a frame decompressed whole may give before it is streamed instead. Unit: bytes. */
const wholeContentBytes = 16 << 20;

/** Blocks that came together out of a file. */
export interface ScannedBlocks {
  readonly blocks: readonly CarBlock[];
  /** Where the zstd frame they lie in starts in the file; absent in a file that is not compressed. */
  readonly frame: number | undefined;
  /** How much of the file has been gone over. Unit: bytes. */
  readonly read: number;
}

/** A CAR of any kind that is gone over from front to back. */
export interface CarScan {
  readonly kind: CarKind;
  /** Where the index frames of a `.forest.car.zst` start. */
  readonly indexStart: number | undefined;
  /** Bytes that will be gone over. */
  readonly total: number;
  readonly scanner: CarScanner;
  readonly version: 1 | 2;
  readonly roots: readonly CidBytes[];
  /** Parts in order; blocks before a fault come first, then it is thrown. To be gone over once. */
  readonly parts: AsyncGenerator<ScannedBlocks>;
}

/**
 * Opens a CAR of any kind to go over it: plain, compressed as a whole, `.forest.car.zst`; what it is, is told by its bytes.
 *
 * Memory: one chunk, one frame, one section.
 *
 * @throws {CarError} here for what opens the file, in the loop for what follows
 * @throws {HostFault} `host/store-failed`, `host/aborted`
 */
export async function scanCar(access: RandomAccess, options: CarReadOptions = {}): Promise<CarScan> {
  const scanner = new CarScanner(options);
  const isPacked = isZstd(await readRange(access, 0, 4, options));
  const indexStart = isPacked ? await readLater(readForestFooter(access.size), access, options) : undefined;
  return openParts(access, scanner, isPacked, indexStart, options);
}

/** A scan of a file that may be damaged. */
export interface DamagedScan extends CarScan {
  /** What is wrong with where the file says that its index is. */
  readonly indexFault: CarError | undefined;
}

/**
 * As {@link scanCar}, of a file that may be damaged: where the place of the index cannot be, the data is gone over all the
 * same, and what is wrong with the header of a CARv2 is thrown by the parts.
 *
 * @throws {CarError} for a file that is no CAR from its first bytes on
 * @throws {HostFault} `host/store-failed`, `host/aborted`
 */
export async function scanDamaged(access: RandomAccess, options: CarReadOptions): Promise<DamagedScan> {
  let indexFault: CarError | undefined;
  const scanner = new CarScanner(options, (fault) => {
    indexFault = fault;
  });
  const isPacked = isZstd(await readRange(access, 0, 4, options));
  let indexStart: number | undefined;
  let isForest = false;
  try {
    if (isPacked) indexStart = await readLater(findForestIndex(access.size), access, options);
  } catch (error) {
    if (!(error instanceof CarError)) throw error;
    indexFault = error;
    isForest = true;
  }
  try {
    const scan = await openParts(access, scanner, isPacked, indexStart, options);
    return { ...scan, kind: isForest ? "ForestCARv1.zst" : scan.kind, indexFault };
  } catch (error) {
    // That it is a CARv2 is known by now: what is wrong with it is to be reported.
    if (!(error instanceof CarError) || scanner.version !== 2) throw error;
    const kind = isPacked ? "CARv2.zst" : "CARv2";
    const parts = failing(error);
    return { kind, indexStart, total: access.size, scanner, version: 2, roots: [], parts, indexFault };
  }
}

// biome-ignore lint/correctness/useYield: there is nothing before the error
async function* failing(error: CarError): AsyncGenerator<ScannedBlocks> {
  throw error;
}

async function openParts(
  access: RandomAccess,
  scanner: CarScanner,
  isPacked: boolean,
  indexStart: number | undefined,
  options: CarReadOptions,
): Promise<CarScan> {
  const total = indexStart ?? access.size;
  const parts = isPacked
    ? packedParts(scanner, access, total, await loadFrameDecoder(), options)
    : plainParts(scanner, access, total, options);
  // The first part is empty: it says that the header is there.
  await parts.next();
  const { version } = scanner;
  const plain = version === 1 ? "CARv1" : "CARv2";
  const kind = indexStart !== undefined ? "ForestCARv1.zst" : isPacked ? (`${plain}.zst` as const) : plain;
  return { kind, indexStart, total, scanner, version, roots: scanner.roots ?? [], parts };
}

async function* plainParts(
  scanner: CarScanner,
  access: RandomAccess,
  total: number,
  options: AbortOptions,
): AsyncGenerator<ScannedBlocks> {
  const push = pusher(scanner);
  let read = 0;
  for await (const chunk of chunksOf(access, 0, total, options)) {
    read += chunk.length;
    yield* push(chunk, undefined, read);
    if (scanner.done) break;
  }
  yield* push(undefined, undefined, read);
}

async function* packedParts(
  scanner: CarScanner,
  access: RandomAccess,
  total: number,
  decoder: FrameDecoder,
  options: AbortOptions,
): AsyncGenerator<ScannedBlocks> {
  const push = pusher(scanner);
  const frames = new FrameReader(access, total, decoder, options);
  while (frames.offset < total && !scanner.done) {
    assertNotAborted(options.signal);
    const { offset } = frames;
    const whole = await frames.next();
    if (whole !== undefined) {
      if (whole.length > 0) yield* push(whole, offset, frames.offset);
      continue;
    }
    for await (const chunk of frames.stream()) yield* push(chunk, offset, Math.max(offset, frames.offset));
  }
  yield* push(undefined, undefined, total);
}

/** Takes chunks, `undefined` for the end, and gives what they complete: an empty part once the header is there. */
function pusher(scanner: CarScanner) {
  let isOpen = false;
  return function* (chunk: Uint8Array | undefined, frame: number | undefined, read: number): Generator<ScannedBlocks> {
    const blocks: CarBlock[] = [];
    const faults: unknown[] = [];
    try {
      if (chunk === undefined) scanner.end();
      else scanner.push(chunk, blocks);
    } catch (error) {
      faults.push(error); // thrown once the blocks before it are out
    }
    if (!isOpen && scanner.roots !== undefined) {
      isOpen = true;
      yield { blocks: [], frame, read };
    }
    if (blocks.length > 0) yield { blocks, frame, read };
    if (faults.length > 0) throw faults[0];
  };
}

/** Reads zstd frames one after another from a source, ahead of where they are taken. */
export class FrameReader {
  /** Where the next frame starts. */
  offset = 0;
  readonly #access: RandomAccess;
  readonly #end: number;
  readonly #decoder: FrameDecoder;
  readonly #options: AbortOptions;
  #bytes: Uint8Array = new Uint8Array(0);
  #base = 0;

  constructor(access: RandomAccess, end: number, decoder: FrameDecoder, options: AbortOptions, start = 0) {
    this.#access = access;
    this.#end = end;
    this.#decoder = decoder;
    this.#options = options;
    this.offset = start;
  }

  /** The compressed frame at `offset`, or `undefined` for one that is to be streamed. @throws {CarError} `car/frame-malformed` */
  async compressed(): Promise<Uint8Array | undefined> {
    for (let length = aheadBytes; ; ) {
      await this.#ahead(length);
      const at = this.offset - this.#base;
      const frame = measureFrame(this.#bytes, at, this.#base);
      if (typeof frame !== "number") return this.#bytes.subarray(at, at + frame.length);
      if (this.offset + frame > this.#end) {
        throw new CarError("car/frame-malformed", { offset: this.offset, why: "the file ends inside it" });
      }
      if (frame > wholeFrameBytes) return undefined;
      length = frame;
    }
  }

  /**
   * The content of the next frame, none for a skippable one; `undefined` for one to be streamed.
   *
   * @throws {CarError} `car/frame-malformed`
   */
  async next(): Promise<Uint8Array | undefined> {
    const bytes = await this.compressed();
    if (bytes === undefined) return undefined;
    const { offset } = this;
    try {
      const content = isSkippable(bytes)
        ? bytes.subarray(0, 0)
        : this.#decoder.decode(bytes, wholeContentBytes, offset);
      this.offset = offset + bytes.length;
      return content;
    } catch (error) {
      if (error instanceof CarError && error.code === "car/frame-too-long") return undefined;
      throw error;
    }
  }

  /** The content of the next frame in pieces; {@link offset} is past it at the end. @throws {CarError} `car/compression-damaged` */
  async *stream(): AsyncGenerator<Uint8Array> {
    const start = this.offset;
    const walker = new FrameWalker(start);
    const compressed = oneFrame(walker, chunksOf(this.#access, start, this.#end, this.#options));
    yield* decompressZstd(compressed);
    this.offset = start + walker.length;
  }

  /** Passes over the frame at `offset`, which cannot be read. */
  skip(length: number): void {
    this.offset += length;
  }

  async #ahead(length: number): Promise<void> {
    const { offset } = this;
    const wanted = Math.min(length, this.#end - offset);
    if (offset >= this.#base && offset + wanted <= this.#base + this.#bytes.length) return;
    this.#base = offset;
    const size = Math.min(Math.max(wanted, defaultChunkBytes), this.#end - offset);
    this.#bytes = await readRange(this.#access, offset, size, this.#options);
  }
}

function isSkippable(bytes: Uint8Array): boolean {
  return bytes[3] === 0x18;
}
