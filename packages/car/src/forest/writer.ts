import type { CidBytes } from "@copse/ipld";
import { type AbortOptions, assertNotAborted, concatBytes, encodeUvarint } from "@copse/primitives";
import { CarError } from "../errors.ts";
import type { FrameCompressor, FrameEncoder } from "../frame-codec.ts";
import { encodeCarHeader } from "../header.ts";
import { type CarLimits, defaultCarLimits } from "../options.ts";
import type { SortOptions } from "../record-sorter.ts";
import type { CarEntry } from "../write.ts";
import { encodeForestFooter } from "./footer.ts";
import { ForestIndexBuilder } from "./index-writer.ts";
import { snapshotPrefix } from "./snapshot-prefix.ts";

/** Compressed bytes after which a frame ends, as Forest has it. */
export const defaultFrameSize = 8192;
/** The level of zstd that Forest writes with. */
export const defaultForestLevel = 3;

/** How to write a `.forest.car.zst`. The defaults are Forest's: the same blocks give the same bytes under one libzstd. */
export interface ForestWriteOptions extends AbortOptions {
  /** Of data frames; the header's frame has level 3 always, and so have those that open a version 2 snapshot. */
  readonly level?: number | undefined;
  /** Compressed bytes after which a frame ends. */
  readonly frameSize?: number | undefined;
  readonly limits?: Pick<CarLimits, "sectionBytes"> | undefined;
  /** Index in frames of 512 MiB even where one would hold it. */
  readonly severalIndexFrames?: boolean | undefined;
  /** Memory for the index, and where it goes beyond that. */
  readonly sort?: SortOptions | undefined;
  /** What compresses; the libzstd of Node.js unless set. */
  readonly encoder?: FrameEncoder | undefined;
}

/**
 * Writes a `.forest.car.zst` as a stream: header frame, the frames of metadata and F3 data where the blocks are a version
 * 2 snapshot, data frames, index, footer.
 *
 * Frames are cut as Forest cuts them: a section is flushed, and a frame that has passed the size is ended before the next.
 * Memory: a frame, and 16 B a block for the index, or what `sort` allows.
 *
 * @throws {CarError} `car/section-too-long`
 * @throws {HostFault} `host/aborted`, `host/store-failed`
 * @see forest:src/db/car/forest.rs
 */
export async function* writeForestFrames(
  roots: readonly CidBytes[],
  blocks: Iterable<CarEntry> | AsyncIterable<CarEntry>,
  options: ForestWriteOptions & { readonly encoder: FrameEncoder },
): AsyncGenerator<Uint8Array> {
  const { encoder } = options;
  const frameSize = options.frameSize ?? defaultFrameSize;
  const level = options.level ?? defaultForestLevel;
  const limit = options.limits?.sectionBytes ?? defaultCarLimits.sectionBytes;
  const index = new ForestIndexBuilder(options.sort);
  let offset = 0;
  let section = 0;
  let frame: FrameCompressor | undefined;
  let parts: Uint8Array[] = [];
  let size = 0;

  async function* closed(rest: Uint8Array): AsyncGenerator<Uint8Array> {
    if (rest.length > 0) parts.push(rest);
    offset += size + rest.length;
    yield* parts;
    frame = undefined;
    parts = [];
    size = 0;
  }

  try {
    const header = await encoder.start(defaultForestLevel).end(encodeCarHeader(roots));
    offset = header.length;
    yield header;
    const prefix = snapshotPrefix(roots);
    for await (const { cid, bytes } of blocks) {
      assertNotAborted(options.signal);
      const content = cid.length + bytes.length;
      const isPrefix = prefix.isPart(cid, bytes, section);
      if (content > limit && !isPrefix) {
        throw new CarError("car/section-too-long", { offset, section, length: BigInt(content), limit });
      }
      section++;
      const part = concatBytes(encodeUvarint(content), cid, bytes);
      if (isPrefix) {
        index.add(cid, offset);
        yield* closed(await encoder.start(defaultForestLevel).end(part));
        continue;
      }
      if (size > frameSize) yield* closed(await (frame as FrameCompressor).end());
      frame ??= encoder.start(level);
      index.add(cid, offset);
      if (index.isFull) await index.spill();
      const out = await frame.flush(part);
      if (out.length > 0) parts.push(out);
      size += out.length;
    }
    if (frame !== undefined) yield* closed(await frame.end());
    for await (const chunk of index.write({ severalFrames: options.severalIndexFrames })) {
      assertNotAborted(options.signal);
      yield chunk;
    }
    yield encodeForestFooter(offset);
  } finally {
    frame?.abandon();
  }
}
