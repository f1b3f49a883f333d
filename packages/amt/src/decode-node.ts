import { CborReader, type CidBytes, type Codec, chainCidLength, codecs, isChainCid, readCid } from "@copse/ipld";
import { AmtError } from "./errors.ts";
import type { Layout } from "./layout.ts";
import { type AmtNode, Branch, emptyNode, Leaf, linkHead } from "./node.ts";
import { spanIn } from "./span.ts";

/**
 * Reads a node that is to stand at `height`.
 *
 * Shape: `[bitmap, [link…], [value…]]`; bit i of the bitmap, lowest first, tells that slot i is taken; links only above
 * the leaves, values only there. Bits past the width are not looked at, as in the references.
 * Cost: one pass, without an object for a link or a value.
 *
 * @param source where the node's bytes will stay: those of the reader or a copy
 * @param moved how much further on they stand there
 * @throws {AmtError} `amt/bitmap-length`, `amt/links-and-values`, `amt/bitmap-mismatch`, `amt/level-wrong`,
 * `amt/node-empty`, `amt/link-codec`
 * @throws {CborError}
 * @see go-amt-ipld:node.go newNode, ref-fvm:ipld/amt/src/node.rs expand
 */
export function decodeNode(
  reader: CborReader,
  layout: Layout,
  height: number,
  mayBeEmpty: boolean,
  source: Uint8Array = reader.source,
  moved = 0,
): AmtNode {
  const bitmap = readBitmap(reader, layout, height);
  const links = reader.array(undefined, layout.width);
  if (links > 0) {
    if (height === 0) throw new AmtError("amt/level-wrong", { height, found: "links" });
    const branch = new Branch(layout, height, source);
    readLinks(reader, branch, bitmap, layout, links, moved);
    const values = reader.array(undefined, layout.width);
    if (values > 0) throw new AmtError("amt/links-and-values", { height, links, values });
    return branch;
  }
  const values = reader.array(undefined, layout.width);
  if (values === 0) {
    if (!mayBeEmpty) throw new AmtError("amt/node-empty", { height });
    // ref-fvm refuses bits that stand for nothing; go-amt-ipld does not look at them
    for (let at = 0; at < layout.bitmapLength; at++) {
      if (bitsAt(source, bitmap, at, layout) !== 0) throw mismatch(source, bitmap, layout, height, 0);
    }
    return emptyNode(layout, height);
  }
  if (height > 0) throw new AmtError("amt/level-wrong", { height, found: "values" });
  const leaf = new Leaf(layout, source);
  readSpans(reader, leaf, bitmap, layout, values, moved);
  return leaf;
}

/** Passes over the head of a node and its bitmap; gives where that starts. */
function readBitmap(reader: CborReader, { bitmapLength }: Layout, height: number): number {
  reader.array(3);
  const { source, offset } = reader;
  if (bitmapLength < 24 && source[offset] === (0x40 | bitmapLength) && offset + bitmapLength < source.length) {
    reader.offset = offset + 1 + bitmapLength;
    return offset + 1;
  }
  const { length } = reader.bytes();
  if (length !== bitmapLength) throw new AmtError("amt/bitmap-length", { height, length, expected: bitmapLength });
  return reader.offset - length;
}

/** The bits of the `at`-th eight slots: those past the width of a narrow node do not count. */
const bitsAt = (source: Uint8Array, bitmap: number, at: number, { width }: Layout): number =>
  width < 8 ? (source[bitmap] as number) & ((1 << width) - 1) : (source[bitmap + at] as number);

function readLinks(
  reader: CborReader,
  branch: Branch,
  bitmap: number,
  layout: Layout,
  items: number,
  moved: number,
): void {
  const { height, slots } = branch;
  const { source } = reader;
  let taken = 0;
  for (let at = 0; at < layout.bitmapLength; at++) {
    for (let bits = bitsAt(source, bitmap, at, layout); bits !== 0; bits &= bits - 1) {
      if (taken++ === items) throw mismatch(source, bitmap, layout, height, items);
      slots[at * 8 + 31 - Math.clz32(bits & -bits)] = moved + readLink(reader, height);
    }
  }
  if (taken !== items) throw mismatch(source, bitmap, layout, height, items);
  branch.items = items;
}

function readSpans(reader: CborReader, leaf: Leaf, bitmap: number, layout: Layout, items: number, moved: number): void {
  const { spans } = leaf;
  const { source } = reader;
  let { offset } = reader;
  let taken = 0;
  for (let at = 0; at < layout.bitmapLength; at++) {
    for (let bits = bitsAt(source, bitmap, at, layout); bits !== 0; bits &= bits - 1) {
      if (taken++ === items) throw mismatch(source, bitmap, layout, 0, items);
      const slot = at * 8 + 31 - Math.clz32(bits & -bits);
      const start = offset;
      const end = simpleEnd(source, offset);
      if (end > 0 && end <= source.length) offset = end;
      else {
        reader.offset = offset;
        reader.skip();
        offset = reader.offset;
      }
      spans[slot] = spanIn(leaf.source, moved + start, moved + offset);
    }
  }
  reader.offset = offset;
  if (taken !== items) throw mismatch(source, bitmap, layout, 0, items);
  leaf.items = items;
}

/**
 * Reads the values of a leaf that nobody will keep, with their slots; how many there are. As strict as
 * {@link decodeNode}, where the codec reads one item a value.
 *
 * @throws {AmtError} as {@link decodeNode}
 * @throws {CborError} and what the codec throws
 */
export function decodeValues<V>(
  block: Uint8Array,
  layout: Layout,
  codec: Codec<V>,
  slots: number[],
  values: V[],
): number {
  const reader = new CborReader(block);
  const bitmap = readBitmap(reader, layout, 0);
  if (reader.array(undefined, layout.width) > 0) throw new AmtError("amt/level-wrong", { height: 0, found: "links" });
  const items = reader.array(undefined, layout.width);
  if (items === 0) throw new AmtError("amt/node-empty", { height: 0 });
  let taken = 0;
  for (let at = 0; at < layout.bitmapLength; at++) {
    for (let bits = bitsAt(block, bitmap, at, layout); bits !== 0; bits &= bits - 1) {
      if (taken === items) throw mismatch(block, bitmap, layout, 0, items);
      slots[taken] = at * 8 + 31 - Math.clz32(bits & -bits);
      values[taken++] = codec.decode(reader);
    }
  }
  if (taken !== items) throw mismatch(block, bitmap, layout, 0, items);
  reader.end();
  return items;
}

function mismatch(source: Uint8Array, bitmap: number, layout: Layout, height: number, items: number): AmtError {
  let bits = 0;
  for (let at = 0; at < layout.bitmapLength; at++) {
    for (let left = bitsAt(source, bitmap, at, layout); left !== 0; left &= left - 1) bits++;
  }
  return new AmtError("amt/bitmap-mismatch", { height, bits, items });
}

/** Whether the link of a chain CID is at `at`, whole: `d8 2a 58 27 00` and the 38 bytes. */
function isChainLink(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 0xd8 &&
    bytes[at + 1] === 0x2a &&
    bytes[at + 2] === 0x58 &&
    bytes[at + 3] === chainCidLength + 1 &&
    bytes[at + 4] === 0 &&
    isChainCid(bytes, at + linkHead) &&
    at + linkHead + chainCidLength <= bytes.length
  );
}

/** Passes over a link; gives where its CID starts. */
function readLink(reader: CborReader, height: number): number {
  const at = reader.offset;
  if (isChainLink(reader.source, at)) {
    reader.offset = at + linkHead + chainCidLength;
    return at + linkHead;
  }
  const cid = reader.link();
  const { codec } = readCid(cid);
  if (codec !== codecs.dagCbor) throw new AmtError("amt/link-codec", { height, codec });
  return cid.byteOffset - reader.source.byteOffset;
}

/** The end of the simple item at `at`, which may lie past what is there; 0 for others, and for heads that are too long. */
function simpleEnd(source: Uint8Array, at: number): number {
  const head = source[at] as number;
  if (head < 0x18) return at + 1;
  if (head < 0x40) {
    switch (head & 0x1f) {
      case 0x18:
        return (source[at + 1] as number) < 0x18 ? 0 : at + 2;
      case 0x19:
        return source[at + 1] === 0 ? 0 : at + 3;
      case 0x1a:
        return ((source[at + 1] as number) | (source[at + 2] as number)) === 0 ? 0 : at + 5;
      default:
        return (head & 0x1f) < 0x18 ? at + 1 : 0;
    }
  }
  if (head < 0x80) {
    const length = head & 0x1f;
    if (length < 0x18) return at + 1 + length;
    return length === 0x18 && (source[at + 1] as number) >= 0x18 ? at + 2 + (source[at + 1] as number) : 0;
  }
  if (head === 0xf6) return at + 1;
  return isChainLink(source, at) ? at + linkHead + chainCidLength : 0;
}

/** A node from its block, whole. `source` and `moved` as for {@link decodeNode}. */
export function readNode(
  block: Uint8Array,
  layout: Layout,
  height: number,
  cid: CidBytes | undefined,
  source: Uint8Array = block,
  moved = 0,
): AmtNode {
  const reader = new CborReader(block);
  const node = decodeNode(reader, layout, height, false, source, moved);
  reader.end();
  node.cid = cid;
  return node;
}
