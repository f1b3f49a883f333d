import type { CidBytes } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import type { Reading } from "../access.ts";
import { CarError } from "../errors.ts";
import type { FrameDecoder } from "../frame-codec.ts";
import { readLength } from "../length.ts";
import { measureFrame, type ZstdFrame } from "../zstd-frame.ts";

/** Bytes read at a frame whose size is not known: nearly every frame of a `.forest.car.zst` has 8 to 12 KiB. */
const guessBytes = 16 << 10;

/** The shortest CID: version, codec, hash function and length of an empty digest. It bounds the sections of a frame. */
const leastSection = 4;

/** A frame that was decompressed: its sections, none of them hashed yet. */
export interface DecodedFrame {
  readonly content: Uint8Array;
  /** Where each section starts, and after the last where it ends. */
  readonly starts: Uint32Array;
  /** Sections whose data was found to hash to its CID. */
  readonly good: Uint8Array;
}

/** Frames kept decompressed, up to a number of bytes; the one used least lately goes first. */
export class FrameCache {
  readonly #limit: number;
  #size = 0;
  /** In the order of use: a `Map` keeps the order of insertion. */
  readonly #frames = new Map<number, DecodedFrame>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that the frames take. */
  get size(): number {
    return this.#size;
  }

  get(offset: number): DecodedFrame | undefined {
    const frame = this.#frames.get(offset);
    if (frame === undefined) return undefined;
    this.#frames.delete(offset);
    this.#frames.set(offset, frame);
    return frame;
  }

  put(offset: number, frame: DecodedFrame): void {
    const size = sizeOf(frame);
    // One that takes more than a quarter would push out all others.
    if (size > this.#limit / 4) return;
    this.#size += size - (this.#frames.has(offset) ? sizeOf(this.#frames.get(offset) as DecodedFrame) : 0);
    this.#frames.set(offset, frame);
    for (const [key, oldest] of this.#frames) {
      if (this.#size <= this.#limit) return;
      this.#frames.delete(key);
      this.#size -= sizeOf(oldest);
    }
  }
}

function sizeOf({ content, starts, good }: DecodedFrame): number {
  return content.buffer.byteLength + starts.byteLength + good.byteLength + 200;
}

/** What bounds the reading of a frame. */
export interface FrameLimits {
  /** Most that a frame may give; its compressed form may be no larger either. Unit: bytes. */
  readonly frameBytes: number;
}

/** The compressed frame at `offset`. @throws {CarError} `car/frame-malformed`, `car/frame-too-long` */
export function* readFrame(offset: number, dataEnd: number, limits: FrameLimits): Reading<Uint8Array> {
  for (let length = Math.min(guessBytes, dataEnd - offset); ; ) {
    const bytes = yield { offset, length };
    const frame: ZstdFrame | number = measureFrame(bytes, 0, offset);
    if (typeof frame !== "number") {
      if (frame.isSkippable) throw malformed(offset, "it is a skippable frame");
      return bytes.subarray(0, frame.length);
    }
    if (offset + frame > dataEnd) throw malformed(offset, `it runs past the end of the data at byte ${dataEnd}`);
    if (frame > limits.frameBytes) throw new CarError("car/frame-too-long", { offset, limit: limits.frameBytes });
    length = Math.min(Math.max(frame, 2 * length), dataEnd - offset, limits.frameBytes);
  }
}

/**
 * Decompresses a frame and finds its sections.
 *
 * @throws {CarError} `car/frame-malformed`, `car/frame-too-long`, `car/length-malformed`, `car/section-past-data`
 */
export function decodeFrame(
  frame: Uint8Array,
  offset: number,
  decoder: FrameDecoder,
  limits: FrameLimits,
): DecodedFrame {
  const content = exactly(decoder.decode(frame, limits.frameBytes, offset));
  const starts: number[] = [];
  let at = 0;
  while (at < content.length) {
    const length = readLength(content, at, offset);
    if (length === undefined || length.end + length.value > content.length || length.value < leastSection) {
      throw malformed(offset, `its content is not whole sections: after ${at} of ${content.length} B`);
    }
    starts.push(at);
    at = length.end + length.value;
  }
  starts.push(at);
  return { content, starts: Uint32Array.from(starts), good: new Uint8Array(starts.length - 1) };
}

/** Decoders give views of larger buffers; what is kept must not keep those. */
function exactly(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength > 2 * bytes.length + 4096 ? Uint8Array.from(bytes) : bytes;
}

/** The number of the section of `cid` in a frame, or -1. */
export function sectionIn({ content, starts, good }: DecodedFrame, cid: CidBytes): number {
  const last = cid.length - 1;
  for (let i = 0; i < good.length; i++) {
    let at = starts[i] as number;
    while ((content[at] as number) >= 0x80) at++;
    at++;
    // The last byte of a digest tells nearly all others apart; the first bytes of a CID tell none.
    if (content[at + last] !== cid[last] || at + cid.length > (starts[i + 1] as number)) continue;
    if (equalBytes(content.subarray(at, at + cid.length), cid)) return i;
  }
  return -1;
}

/** The data of a section of a frame, as a view. */
export function dataIn({ content, starts }: DecodedFrame, section: number, cidLength: number): Uint8Array {
  let at = starts[section] as number;
  while ((content[at] as number) >= 0x80) at++;
  return content.subarray(at + 1 + cidLength, starts[section + 1]);
}

function malformed(offset: number, why: string): CarError {
  return new CarError("car/frame-malformed", { offset, why });
}
