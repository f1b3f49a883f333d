import { CborReader, codecs, isChainCid, readCid } from "@copse/ipld";
import { compareRanges, headLength, lengthAt } from "./bucket.ts";
import { HamtError } from "./errors.ts";
import type { Layout } from "./layout.ts";
import { emptyWords, type HamtNode, linkLength, takenOf } from "./node.ts";

/**
 * Reads a node from its block, which may change afterwards: the bytes are copied, once.
 *
 * Shape: `[bitfield, [pointer…]]`; the bitfield is a big-endian integer whose bit i tells that slot i is taken. A pointer
 * is a link or a list of `[key, value]`; before version 3 it is a map of one pair, `"0"` to a link or `"1"` to a list.
 * Cost: one pass that finds where each pointer starts, makes no objects, and checks everything that the references check.
 *
 * @throws {HamtError} `hamt/bitfield-too-wide`, `hamt/bitfield-mismatch`, `hamt/node-empty`, `hamt/pointer-malformed`,
 * `hamt/bucket-empty`, `hamt/bucket-unsorted`, `hamt/bucket-too-high`, `hamt/link-codec`
 * @throws {CborError}
 * @see ref-fvm:ipld/hamt/src/node.rs load, go-hamt-ipld:hamt.go loadNode, go-hamt-ipld:v0.1.5 pointer_cbor.go
 */
export function loadNode(block: Uint8Array, layout: Layout, depth: number, owner?: object): HamtNode {
  const reader = new CborReader(block);
  reader.array(2);
  const more = emptyWords(layout);
  const bits = decodeBitfield(reader.bytes(32), layout, depth, more);
  const count = reader.array(undefined, layout.width);
  const first = reader.offset;
  const starts: number[] = [];
  for (let i = 0; i < count; i++) {
    starts.push(reader.offset - first);
    passPointer(reader, layout, depth);
  }
  starts.push(reader.offset - first);
  reader.end();
  const taken = takenOf({ bits, more });
  if (taken !== count) throw new HamtError("hamt/bitfield-mismatch", { depth, bits: taken, pointers: count });
  if (count === 0 && depth > 0) throw new HamtError("hamt/node-empty", { depth });
  const bytes = block.slice(first);
  return { owner, bits, more, bytes, starts, children: undefined, changed: false, used: true };
}

/** The first word of a bitfield; the others go into `more`. */
function decodeBitfield(bytes: Uint8Array, layout: Layout, depth: number, more: number[] | undefined): number {
  let bits = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[bytes.length - 1 - i] as number;
    if (byte === 0) continue; // leading zeros are read, as the references read them
    const highest = 8 * i + 32 - Math.clz32(byte);
    if (highest > layout.width) {
      throw new HamtError("hamt/bitfield-too-wide", { depth, length: highest, limit: layout.width });
    }
    const part = byte << (8 * (i & 3));
    if (i < 4) bits |= part;
    else ((more as number[])[(i >> 2) - 1] as number) |= part;
  }
  return bits;
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
  const { source, offset } = reader;
  // the chain's common CID, a DAG-CBOR block: no view of it need be made to know that it is one
  if (
    source[offset + 1] === 0x2a &&
    source[offset] === 0xd8 &&
    source[offset + 2] === 0x58 &&
    source[offset + 3] === 0x27 &&
    source[offset + 4] === 0 &&
    isChainCid(source, offset + 5) &&
    source.length - offset >= linkLength
  ) {
    reader.offset = offset + linkLength;
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
    if (source[reader.offset] === 0x82) reader.offset++;
    else reader.array(2);
    const head = reader.offset;
    passBytes(reader);
    const keyStart = head + headLength(lengthAt(source, head));
    const keyEnd = reader.offset;
    // go-hamt-ipld 0.1 did not sort when it made a bucket of a node, so those of version 0 stand in any order
    if (i > 0 && layout.version !== 0 && compareRanges(source, lastStart, lastEnd, source, keyStart, keyEnd) >= 0) {
      throw new HamtError("hamt/bucket-unsorted", { depth });
    }
    lastStart = keyStart;
    lastEnd = keyEnd;
    passItem(reader);
  }
}

/** A byte string; those short ones that are nearly all keys without a view. */
function passBytes(reader: CborReader): void {
  const { source, offset } = reader;
  const head = source[offset] as number;
  if (head >= 0x40 && head < 0x58 && offset + head - 0x3f <= source.length) reader.offset = offset + head - 0x3f;
  else reader.bytes();
}

/** Any item; small integers and short bytes without a view. */
function passItem(reader: CborReader): void {
  const { source, offset } = reader;
  const head = source[offset] as number;
  if (head < 0x18) reader.offset = offset + 1;
  else if (head >= 0x40 && head < 0x58) passBytes(reader);
  else reader.skip();
}
