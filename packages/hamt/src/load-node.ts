import { CborReader, codecs, isChainCid, readCid } from "@copse/ipld";
import { compareRanges, headLength, lengthAt, simpleEnd } from "./bucket.ts";
import { HamtError } from "./errors.ts";
import type { Layout } from "./layout.ts";
import { emptyWords, type HamtNode, linkLength, type Slots, takenOf } from "./node.ts";
import type { Room } from "./room.ts";

/** Bytes of a bitfield at most, whatever the width. */
const maxBitfield = 32;

/**
 * Reads a node from its block, which may change afterwards: the bytes are copied, once, into the room given.
 *
 * Shape: `[bitfield, [pointer…]]`; the bitfield is a big-endian integer whose bit i tells that slot i is taken. A pointer
 * is a link or a list of `[key, value]`; before version 3 it is a map of one pair, `"0"` to a link or `"1"` to a list.
 * Cost: one pass that finds where each pointer starts, makes no objects, and checks everything that the references check.
 *
 * @throws {HamtError} `hamt/bitfield-mismatch`, `hamt/node-empty`, `hamt/pointer-malformed`,
 * `hamt/bucket-empty`, `hamt/bucket-unsorted`, `hamt/bucket-too-high`, `hamt/link-codec`
 * @throws {CborError}
 * @see ref-fvm:ipld/hamt/src/node.rs load, go-hamt-ipld:hamt.go loadNode, go-hamt-ipld:v0.1.5 pointer_cbor.go
 */
export function loadNode(block: Uint8Array, layout: Layout, depth: number, room: Room, owner?: object): HamtNode {
  const reader = new CborReader(block);
  reader.array(2);
  const slots = decodeBitfield(reader.bytes(maxBitfield), layout);
  const count = reader.array(undefined, layout.width);
  const first = reader.offset;
  const starts: number[] = [];
  let at = first;
  for (let i = 0; i < count; i++) {
    starts.push(at - first);
    const end = layout.prefix > 0 ? -1 : simplePointerEnd(reader, at, layout, depth);
    if (end >= 0) {
      at = end;
      continue;
    }
    reader.offset = at;
    passPointer(reader, layout, depth);
    at = reader.offset;
  }
  starts.push(at - first);
  reader.offset = at;
  reader.end();
  const taken = takenOf(slots);
  if (taken !== count) throw new HamtError("hamt/bitfield-mismatch", { depth, bits: taken, pointers: count });
  if (count === 0 && depth > 0) throw new HamtError("hamt/node-empty", { depth });
  const bytes = room.copy(block, first, at);
  return {
    owner,
    bits: slots.bits,
    more: slots.more,
    bytes,
    starts,
    children: undefined,
    changed: false,
    used: true,
    told: undefined,
  };
}

/**
 * The slots of a bitfield. Bits past the width of a node are read, as the references read them: no key leads to their
 * pointers, but walks and diffs tell them, and a change leaves them as they are.
 */
function decodeBitfield(bytes: Uint8Array, layout: Layout): Slots {
  let more = emptyWords(layout);
  let bits = 0;
  for (let i = 0; i < bytes.length; i++) {
    const part = (bytes[bytes.length - 1 - i] as number) << (8 * (i & 3));
    if (part === 0) continue; // leading zeros are read too
    if (i < 4) {
      bits |= part;
    } else {
      if (more === undefined || more.length < i >> 2) {
        more = [...(more ?? []), ...new Array<number>((i >> 2) - (more?.length ?? 0)).fill(0)];
      }
      (more[(i >> 2) - 1] as number) |= part;
    }
  }
  return { bits, more };
}

/**
 * Where a pointer ends that is a link to the chain's common CID, or a bucket of short keys; -1 where it is anything else or
 * malformed, for {@link passPointer} to tell. Most pointers are so, and this takes half the time.
 */
function simplePointerEnd(reader: CborReader, start: number, layout: Layout, depth: number): number {
  const block = reader.source;
  const head = block[start] as number;
  if (head === 0xd8) return isCommonLink(block, start) ? start + linkLength : -1;
  const count = head & 31;
  if (head >> 5 !== 4 || count === 0 || count > layout.bucketSize || depth < layout.minDataDepth) return -1;
  let at = start + 1;
  let lastStart = 0;
  let lastEnd = 0;
  for (let i = 0; i < count; i++) {
    const keyHead = block[at + 1] as number;
    if (block[at] !== 0x82 || keyHead < 0x40 || keyHead > 0x57) return -1;
    const keyStart = at + 2;
    const keyEnd = keyStart + (keyHead & 31);
    if (i > 0 && compareRanges(block, lastStart, lastEnd, block, keyStart, keyEnd) >= 0) return -1;
    at = simpleEnd(block, keyEnd);
    if (at < 0) {
      reader.offset = keyEnd;
      reader.skip();
      at = reader.offset;
    }
    lastStart = keyStart;
    lastEnd = keyEnd;
  }
  return at;
}

function isCommonLink(block: Uint8Array, at: number): boolean {
  return (
    block[at + 1] === 0x2a &&
    block[at + 2] === 0x58 &&
    block[at + 3] === 0x27 &&
    block[at + 4] === 0 &&
    isChainCid(block, at + 5) &&
    block.length - at >= linkLength
  );
}

function passPointer(reader: CborReader, layout: Layout, depth: number): void {
  const isLink = layout.prefix > 0 ? isLinkByName(reader, depth) : isLinkByKind(reader, depth);
  if (isLink) passLink(reader, depth);
  else passBucket(reader, layout, depth);
}

function isLinkByKind(reader: CborReader, depth: number): boolean {
  const major = reader.peekMajor();
  if (major !== 4 && major !== 6) {
    throw new HamtError("hamt/pointer-malformed", { depth, found: `of major type ${major}` });
  }
  return major === 6;
}

function isLinkByName(reader: CborReader, depth: number): boolean {
  const pairs = reader.map();
  if (pairs !== 1) throw new HamtError("hamt/pointer-malformed", { depth, found: `a map of ${pairs}` });
  const name = reader.textBytes();
  if (name.length !== 1 || (name[0] !== 0x30 && name[0] !== 0x31)) {
    throw new HamtError("hamt/pointer-malformed", { depth, found: "a map of another key than 0 or 1" });
  }
  return name[0] === 0x30;
}

function passLink(reader: CborReader, depth: number): void {
  if (reader.source[reader.offset] === 0xd8 && isCommonLink(reader.source, reader.offset)) {
    reader.offset += linkLength;
    return;
  }
  const cid = reader.link();
  const { codec } = readCid(cid);
  if (codec !== codecs.dagCbor) throw new HamtError("hamt/link-codec", { depth, codec });
}

function passBucket(reader: CborReader, layout: Layout, depth: number): void {
  if (depth < layout.minDataDepth) {
    throw new HamtError("hamt/bucket-too-high", { depth, least: layout.minDataDepth });
  }
  const count = reader.array(undefined, layout.bucketSize);
  if (count === 0) throw new HamtError("hamt/bucket-empty", { depth });
  const { source } = reader;
  let lastStart = 0;
  let lastEnd = 0;
  for (let i = 0; i < count; i++) {
    reader.array(2);
    const head = reader.offset;
    reader.bytes();
    const keyStart = head + headLength(lengthAt(source, head));
    const keyEnd = reader.offset;
    // go-hamt-ipld 0.1 did not sort when it made a bucket of a node, so those of version 0 stand in any order
    if (i > 0 && layout.version !== 0 && compareRanges(source, lastStart, lastEnd, source, keyStart, keyEnd) >= 0) {
      throw new HamtError("hamt/bucket-unsorted", { depth });
    }
    lastStart = keyStart;
    lastEnd = keyEnd;
    const end = simpleEnd(source, keyEnd);
    if (end >= 0) reader.offset = end;
    else reader.skip();
  }
}
