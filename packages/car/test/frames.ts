import { zstdDecompressSync } from "node:zlib";
import type { FrameCompressor, FrameEncoder } from "../src/frame-codec.ts";

/** A zstd frame of a file, and where its blocks end. */
export interface FrameSpan {
  readonly start: number;
  readonly end: number;
  /** Ends of its blocks, in the file. */
  readonly blocks: readonly number[];
  readonly content: Uint8Array;
}

/** Frames of a file as Forest writes them (no checksum, no content size), up to `end`: a reader apart from the package's. */
export function framesOf(file: Uint8Array, end: number): FrameSpan[] {
  const spans: FrameSpan[] = [];
  for (let start = 0; start < end; ) {
    const blocks: number[] = [];
    let at = start + 6;
    for (let isLast = false; !isLast; ) {
      const word = (file[at] as number) | ((file[at + 1] as number) << 8) | ((file[at + 2] as number) << 16);
      isLast = (word & 1) === 1;
      at += 3 + ((word >> 1) % 4 === 1 ? 1 : word >> 3);
      blocks.push(at);
    }
    spans.push({ start, end: at, blocks, content: zstdDecompressSync(file.subarray(start, at)) });
    start = at;
  }
  return spans;
}

/** An encoder that gives, for each part, the block that a file has for it. */
export function replaying(file: Uint8Array, end: number): FrameEncoder {
  const spans = framesOf(file, end)[Symbol.iterator]();
  return {
    start(): FrameCompressor {
      const span = spans.next().value as FrameSpan;
      let at = span.start;
      let block = 0;
      const upTo = (next: number): Uint8Array => {
        const bytes = file.subarray(at, next);
        at = next;
        return bytes;
      };
      return { flush: () => upTo(span.blocks[block++] as number), end: () => upTo(span.end), abandon: () => {} };
    },
  };
}
