import type { CidBytes } from "@copse/ipld";
import type { Reading } from "../access.ts";
import { CarError } from "../errors.ts";
import { skipHeaderBytes, skippableMagic } from "../zstd-frame.ts";
import { footerBytes } from "./footer.ts";
import { forestHash, idealSlot, type U64 } from "./hash.ts";

/** A slot: hash and offset of a frame. */
export const slotBytes = 16;
/** Version, longest distance, collisions, buckets. */
export const indexHeaderBytes = 32;
/** The version this release reads; 0xdeadbeef was before it. */
export const indexVersion = 0xdeadbef0;

/** Slots read at once: nearly every look-up ends in the first read. */
const windowSlots = 32;
/** Frames that one look-up may name. Hashes collide by chance never, and by design as often as a file wants. */
const candidateLimit = 1024;
/** Slots that one look-up may pass. */
const probeLimit = 1 << 20;
/** Frames of 512 MiB of index: 2 TiB. */
const pieceLimit = 4096;

/** A skippable frame's content: `logical` is where it starts in the index, `offset` in the file. */
interface Piece {
  readonly logical: number;
  readonly offset: number;
}

/** The index of a `.forest.car.zst`, read where it lies. */
export interface ForestIndex {
  /** Where the index frames start: data frames end here. */
  readonly start: number;
  /** Content of the index, without headers of frames. Unit: bytes. */
  readonly size: number;
  readonly slots: number;
  readonly buckets: number;
  readonly longestDistance: number;
  readonly collisions: number;
  readonly pieces: readonly Piece[];
}

/**
 * Opens the index whose frames start at `start`. Nothing of the table is loaded; every claim of its header is checked
 * against the size of the file.
 *
 * @throws {CarError} `car/index-malformed`
 * @see forest:src/db/car/forest/index/mod.rs
 */
export function* openForestIndex(start: number, fileSize: number): Reading<ForestIndex> {
  const end = fileSize - footerBytes;
  const pieces: Piece[] = [];
  let size = 0;
  for (let at = start; at < end; ) {
    const header = yield { offset: at, length: skipHeaderBytes };
    const view = new DataView(header.buffer, header.byteOffset, header.length);
    if (header.length < skipHeaderBytes || view.getUint32(0, true) !== skippableMagic) {
      throw malformed(at, "it is not in skippable frames");
    }
    const length = view.getUint32(4, true);
    if (at + skipHeaderBytes + length > end) throw malformed(at, `a frame of ${length} B runs past the footer`);
    if (pieces.length === pieceLimit) throw malformed(at, `more than ${pieceLimit} frames`);
    if (length > 0) pieces.push({ logical: size, offset: at + skipHeaderBytes });
    size += length;
    at += skipHeaderBytes + length;
  }
  const header = yield* readIndex({ pieces, size }, 0, indexHeaderBytes);
  if (header.length < indexHeaderBytes) throw malformed(start, `${size} B are no index`);
  const view = new DataView(header.buffer, header.byteOffset, indexHeaderBytes);
  const version = view.getBigUint64(0, true);
  if (version !== BigInt(indexVersion)) throw malformed(start, `version 0x${version.toString(16)}`);
  const slots = Math.floor((size - indexHeaderBytes) / slotBytes);
  const most = BigInt(Math.min(slots, 2 ** 32));
  const [longest, collisions, buckets] = [8, 16, 24].map((at) => view.getBigUint64(at, true)) as [
    bigint,
    bigint,
    bigint,
  ];
  // The slot after the last bucket is there too, and is empty.
  if (buckets >= most) throw malformed(start, `${buckets} buckets in ${slots} slots`);
  if (longest > most) throw malformed(start, `a distance of ${longest} in ${slots} slots`);
  return {
    start,
    size,
    slots,
    buckets: Number(buckets),
    longestDistance: Number(longest),
    collisions: Number(collisions < most ? collisions : most),
    pieces,
  };
}

/**
 * The frames that may hold a block, by their offset in the file. A frame has to be looked into: hashes collide.
 *
 * Cost: one read of 512 B for nearly every CID.
 *
 * @throws {CarError} `car/index-malformed`, `car/index-crowded`
 */
export function* findFrames(index: ForestIndex, cid: CidBytes): Reading<number[]> {
  const frames: number[] = [];
  if (index.buckets === 0) return frames;
  const { high, low } = forestHash(cid);
  const first = idealSlot(high, low, index.buckets);
  for (let slot = first; slot < index.slots; slot += windowSlots) {
    const bytes = yield* readIndex(index, indexHeaderBytes + slot * slotBytes, windowSlots * slotBytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at + slotBytes <= bytes.length; at += slotBytes) {
      const place = slot + at / slotBytes;
      const order = compareHash(view, at, high, low);
      if (order === 0 && !isEmpty(view, at)) {
        frames.push(frameOffset(index, view, at));
        if (frames.length > candidateLimit) throw crowded(index, candidateLimit);
        continue;
      }
      // Slots are in the order of their hashes: past the place of this one it cannot come, and an empty slot ends a run.
      if (order > 0 || frames.length > 0 || place - first >= index.longestDistance) return frames;
    }
    if (slot - first > probeLimit) throw crowded(index, probeLimit);
  }
  return frames;
}

/** An entry of the index, as it lies in a slot. */
export interface ForestEntry {
  readonly hash: U64;
  readonly frame: number;
}

/** Goes over the whole table in order; `found` gets each entry. @throws {CarError} `car/index-malformed` */
export function* scanForestIndex(index: ForestIndex, found: (entry: ForestEntry, slot: number) => void): Reading<void> {
  const step = 1 << 16;
  for (let slot = 0; slot < index.slots; slot += step) {
    const bytes = yield* readIndex(index, indexHeaderBytes + slot * slotBytes, step * slotBytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at + slotBytes <= bytes.length; at += slotBytes) {
      if (isEmpty(view, at)) continue;
      const hash = { high: view.getUint32(at + 4, true), low: view.getUint32(at, true) };
      found({ hash, frame: frameOffset(index, view, at) }, slot + at / slotBytes);
    }
  }
}

/** Bytes of the index from `at` on, over the seams of its frames; fewer where it ends. */
function* readIndex(index: Pick<ForestIndex, "pieces" | "size">, at: number, length: number): Reading<Uint8Array> {
  const wanted = Math.max(0, Math.min(length, index.size - at));
  if (wanted === 0) return new Uint8Array(0);
  let piece = lastPiece(index.pieces, at);
  const endOf = (i: number): number => index.pieces[i + 1]?.logical ?? index.size;
  const offsetOf = (logical: number): number =>
    (index.pieces[piece] as Piece).offset + logical - (index.pieces[piece] as Piece).logical;
  if (at + wanted <= endOf(piece)) return yield { offset: offsetOf(at), length: wanted };
  const bytes = new Uint8Array(wanted);
  for (let done = 0; done < wanted; piece++) {
    const part = yield { offset: offsetOf(at + done), length: Math.min(wanted - done, endOf(piece) - at - done) };
    bytes.set(part, done);
    done += part.length;
  }
  return bytes;
}

function lastPiece(pieces: readonly Piece[], at: number): number {
  let low = 0;
  let high = pieces.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((pieces[middle] as Piece).logical <= at) low = middle;
    else high = middle;
  }
  return low;
}

function compareHash(view: DataView, at: number, high: number, low: number): number {
  return view.getUint32(at + 4, true) - high || view.getUint32(at, true) - low;
}

function isEmpty(view: DataView, at: number): boolean {
  return view.getUint32(at, true) === 0xffffffff && view.getUint32(at + 4, true) === 0xffffffff;
}

function frameOffset(index: ForestIndex, view: DataView, at: number): number {
  const offset = view.getUint32(at + 12, true) * 2 ** 32 + view.getUint32(at + 8, true);
  if (offset < index.start) return offset;
  throw malformed(index.start, `an entry points at byte ${offset}, which is no frame of data`);
}

function malformed(offset: number, why: string): CarError {
  return new CarError("car/index-malformed", { offset, why });
}

function crowded(index: ForestIndex, limit: number): CarError {
  return new CarError("car/index-crowded", { blocks: index.slots, limit });
}
