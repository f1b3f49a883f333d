import type { CidBytes } from "@copse/ipld";
import { joinBytes } from "@copse/primitives";
import { chunksAtOnce, chunksOf, type RandomAccess, type Reading, type SyncAccess } from "../access.ts";
import { assertBlock } from "../check.ts";
import { checkedPieces } from "../checked-stream.ts";
import { CarError } from "../errors.ts";
import type { FrameDecoder } from "../frame-codec.ts";
import type { Place } from "../places.ts";
import { pushed } from "../plain-source.ts";
import { type CarBlock, CarScanner } from "../scanner.ts";
import type { PlacedSource, SourceOptions } from "../source.ts";
import { FrameWalker, oneFrame } from "../zstd-frame.ts";
import { type DecodedFrame, dataIn, decodeFrame, type FrameCache, readFrame, sectionIn } from "./frames.ts";
import { streamSection } from "./stream.ts";

/** What a source over `.forest.car.zst` needs. */
export interface ForestSourceOptions extends SourceOptions {
  readonly decoder: FrameDecoder;
  readonly cache: FrameCache;
  readonly frameBytes: number;
  readonly decompress: (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
}

/** Blocks of a `.forest.car.zst`, each in one of its zstd frames; data frames end at `dataEnd`. */
export function forestSource(dataEnd: number, options: ForestSourceOptions): PlacedSource {
  const { cache, decoder, limits, verify } = options;
  const scanOptions = { verify, limits, requireRoots: false, codecs: "any" } as const;

  function* frameAt(offset: number): Reading<DecodedFrame> {
    const kept = cache.get(offset);
    if (kept !== undefined) return kept;
    const bytes = yield* readFrame(offset, dataEnd, options);
    // Another look-up may have decompressed it while this one waited.
    const meanwhile = cache.get(offset);
    if (meanwhile !== undefined) return meanwhile;
    const frame = decodeFrame(bytes, offset, decoder, options);
    cache.put(offset, frame);
    return frame;
  }

  return {
    *fetch(cid: CidBytes, places: readonly Place[]): Reading<Uint8Array | undefined> {
      for (const { offset } of places) {
        const frame = yield* frameAt(offset);
        const section = sectionIn(frame, cid);
        if (section < 0) continue;
        const data = dataIn(frame, section, cid.length);
        if (data.length > limits.sectionBytes) {
          const facts = { offset, section: undefined, length: BigInt(data.length), limit: limits.sectionBytes };
          throw new CarError("car/section-too-long", facts);
        }
        if (verify && frame.good[section] === 0) {
          assertBlock(cid, data, offset);
          frame.good[section] = 1;
        }
        return Uint8Array.from(data);
      }
      return undefined;
    },
    *holds(cid: CidBytes, places: readonly Place[]): Reading<boolean> {
      for (const { offset } of places) if (sectionIn(yield* frameAt(offset), cid) >= 0) return true;
      return false;
    },
    async *stream(access, cid, places, streamOptions) {
      for (const { offset } of places) {
        const chunks = chunksOf(access, offset, dataEnd, { ...streamOptions, chunkBytes: 64 << 10 });
        const frame = oneFrame(new FrameWalker(offset), chunks);
        const data = streamSection(options.decompress(frame), cid, offset);
        if (yield* verify ? checkedPieces(data, cid, offset) : data) return true;
      }
      return false;
    },
    async *entries(access: RandomAccess, entriesOptions) {
      const scanner = new CarScanner(scanOptions);
      const chunks = options.decompress(chunksOf(access, 0, dataEnd, entriesOptions));
      for await (const chunk of chunks) yield* pushed(scanner, chunk);
      scanner.end();
    },
    *entriesSync(access: SyncAccess) {
      const scanner = new CarScanner(scanOptions);
      const blocks: CarBlock[] = [];
      for (const { bytes, offset } of framesOf(chunksAtOnce(access, 0, dataEnd), options.frameBytes)) {
        scanner.push(decoder.decode(bytes, options.frameBytes, offset), blocks);
        for (const { cid, bytes: data } of blocks.splice(0)) yield [Uint8Array.from(cid), Uint8Array.from(data)];
      }
      scanner.end();
    },
  };
}

/** The data frames of a stream, whole. @throws {CarError} `car/frame-malformed`, `car/frame-too-long` */
function* framesOf(
  chunks: Iterable<Uint8Array>,
  limit: number,
): Generator<{ readonly bytes: Uint8Array; readonly offset: number }> {
  let offset = 0;
  let walker = new FrameWalker(offset);
  let parts: Uint8Array[] = [];
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const next = walker.push(chunk, at);
      if (!walker.isSkippable) parts.push(chunk.subarray(at, next));
      at = next;
      if (walker.length > limit && !walker.isSkippable) throw new CarError("car/frame-too-long", { offset, limit });
      if (!walker.isDone) continue;
      if (!walker.isSkippable)
        yield { bytes: parts.length === 1 ? (parts[0] as Uint8Array) : joinBytes(parts), offset };
      offset += walker.length;
      walker = new FrameWalker(offset);
      parts = [];
    }
  }
  if (walker.length > 0) throw new CarError("car/frame-malformed", { offset, why: "the file ends inside it" });
}
