import { CborReader, type CborWriter, type CidBytes, chainCidLength, codecs, isChainCid, readCid } from "@copse/ipld";
import { AmtError } from "./errors.ts";
import type { Layout } from "./layout.ts";

/** Nodes of more slots than this grow with what they hold: a wide one is mostly empty, and a hostile one always. */
const preparedWidth = 1024;

/** A node above the leaves. */
export class Branch {
  readonly height: number;
  /** In each slot 0 for nothing, a node, or, for a child not loaded, where its CID starts in `source`. */
  readonly slots: (AmtNode | number)[];
  readonly source: Uint8Array;
  /** How many slots are taken. */
  items = 0;
  /** CID of its block; `undefined` while it has changes. A tree's root is part of another block and has none. */
  cid: CidBytes | undefined = undefined;

  constructor(layout: Layout, height: number, source: Uint8Array) {
    this.height = height;
    this.slots = slotsOf(layout.width);
    this.source = source;
  }
}

/** A node at height 0. Values stay CBOR, somewhere in bytes that are shared, until they are asked for. */
export class Leaf {
  readonly slots: undefined = undefined;
  /** Start and end of each slot's value, side by side; start 0 where there is none. */
  readonly spans: number[];
  source: Uint8Array;
  /** What the spans of slots mean that lie in other bytes than `source`. */
  own: (Uint8Array | undefined)[] | undefined = undefined;
  /** Values that have been asked for. */
  values: unknown[] | undefined = undefined;
  items = 0;
  cid: CidBytes | undefined = undefined;

  constructor(layout: Layout, source: Uint8Array) {
    this.spans = slotsOf(2 * layout.width);
    this.source = source;
  }

  /** The bytes that the span of a slot means. */
  sourceOf(slot: number): Uint8Array {
    return this.own?.[slot] ?? this.source;
  }

  /** Whether a slot is taken. */
  has(slot: number): boolean {
    return !!this.spans[2 * slot];
  }

  /** Puts the CBOR of a value, which must not change, in a slot. */
  put(slot: number, source: Uint8Array, start: number, end: number): void {
    if (this.items === 0) this.source = source;
    if (!this.spans[2 * slot]) this.items++;
    this.spans[2 * slot] = start;
    this.spans[2 * slot + 1] = end;
    if (source !== this.source) {
      this.own ??= [];
      this.own[slot] = source;
    } else if (this.own !== undefined) this.own[slot] = undefined;
    if (this.values !== undefined) this.values[slot] = undefined;
  }

  /** Takes the value of a slot away. */
  take(slot: number): void {
    this.items--;
    this.spans[2 * slot] = 0;
    if (this.own !== undefined) this.own[slot] = undefined;
    if (this.values !== undefined) this.values[slot] = undefined;
  }
}

/** A copy of a node and of the nodes below it that are in memory; the bytes, which never change, are shared. */
export function copyNode(layout: Layout, node: AmtNode): AmtNode {
  let copy: AmtNode;
  if (node.slots === undefined) {
    copy = new Leaf(layout, node.source);
    node.spans.forEach((at, i) => {
      (copy as Leaf).spans[i] = at;
    });
    copy.own = node.own && [...node.own];
  } else {
    copy = new Branch(layout, node.height, node.source);
    node.slots.forEach((child, slot) => {
      (copy as Branch).slots[slot] = typeof child === "number" ? child : copyNode(layout, child);
    });
  }
  copy.items = node.items;
  copy.cid = node.cid;
  return copy;
}

/** A node in memory. */
export type AmtNode = Branch | Leaf;

/** A child that is to be loaded before a step can be taken. */
export class Gap {
  readonly branch: Branch;
  readonly slot: number;
  /** CID of its block: a view. */
  readonly cid: CidBytes;

  constructor(branch: Branch, slot: number) {
    this.branch = branch;
    this.slot = slot;
    this.cid = cidFrom(branch.source, branch.slots[slot] as number);
  }
}

const nowhere = new Uint8Array();

function slotsOf<T>(width: number): (T | number)[] {
  return width > preparedWidth ? [] : new Array<T | number>(width).fill(0);
}

/** A node with nothing in it. */
export function emptyNode(layout: Layout, height: number): AmtNode {
  return height === 0 ? new Leaf(layout, nowhere) : new Branch(layout, height, nowhere);
}

/** The CID of the child in a slot that is taken: a view; `undefined` where it has changes. */
export function childCid(branch: Branch, slot: number): CidBytes | undefined {
  const child = branch.slots[slot] as AmtNode | number;
  return typeof child === "number" ? cidFrom(branch.source, child) : child.cid;
}

function cidFrom(source: Uint8Array, at: number): CidBytes {
  return source.subarray(at, isChainCid(source, at) ? at + chainCidLength : readCid(source, at).end);
}

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
  reader.array(3);
  const bitmap = reader.bytes();
  if (bitmap.length !== layout.bitmapLength) {
    throw new AmtError("amt/bitmap-length", { height, length: bitmap.length, expected: layout.bitmapLength });
  }
  const links = reader.array(undefined, layout.width);
  if (links > 0) {
    if (height === 0) throw new AmtError("amt/level-wrong", { height, found: "links" });
    const branch = new Branch(layout, height, source);
    readLinks(reader, branch, bitmap, layout.width, links, moved);
    const values = reader.array(undefined, layout.width);
    if (values > 0) throw new AmtError("amt/links-and-values", { height, links, values });
    return branch;
  }
  const values = reader.array(undefined, layout.width);
  if (values === 0) {
    // the references do not look at the bitmap of an empty node; neither does a tree depend on it
    if (!mayBeEmpty) throw new AmtError("amt/node-empty", { height });
    return emptyNode(layout, height);
  }
  if (height > 0) throw new AmtError("amt/level-wrong", { height, found: "values" });
  const leaf = new Leaf(layout, source);
  readValues(reader, leaf, bitmap, layout.width, values, moved);
  return leaf;
}

/** The bits of eight slots: those past the width of a narrow node do not count. */
const bitsAt = (bitmap: Uint8Array, at: number, width: number): number =>
  width < 8 ? (bitmap[at] as number) & ((1 << width) - 1) : (bitmap[at] as number);

function readLinks(
  reader: CborReader,
  branch: Branch,
  bitmap: Uint8Array,
  width: number,
  items: number,
  moved: number,
): void {
  const { height, slots } = branch;
  let taken = 0;
  for (let at = 0; at < bitmap.length; at++) {
    for (let bits = bitsAt(bitmap, at, width); bits !== 0; bits &= bits - 1) {
      if (taken++ === items) throw mismatch(height, bitmap, width, items);
      slots[at * 8 + 31 - Math.clz32(bits & -bits)] = moved + readLink(reader, height);
    }
  }
  if (taken !== items) throw mismatch(height, bitmap, width, items);
  branch.items = items;
}

function readValues(
  reader: CborReader,
  leaf: Leaf,
  bitmap: Uint8Array,
  width: number,
  items: number,
  moved: number,
): void {
  const { spans } = leaf;
  let taken = 0;
  for (let at = 0; at < bitmap.length; at++) {
    for (let bits = bitsAt(bitmap, at, width); bits !== 0; bits &= bits - 1) {
      if (taken++ === items) throw mismatch(0, bitmap, width, items);
      const slot = at * 8 + 31 - Math.clz32(bits & -bits);
      spans[2 * slot] = moved + reader.offset;
      skipItem(reader);
      spans[2 * slot + 1] = moved + reader.offset;
    }
  }
  if (taken !== items) throw mismatch(0, bitmap, width, items);
  leaf.items = items;
}

function mismatch(height: number, bitmap: Uint8Array, width: number, items: number): AmtError {
  let bits = 0;
  for (let at = 0; at < bitmap.length; at++) {
    for (let left = bitsAt(bitmap, at, width); left !== 0; left &= left - 1) bits++;
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
    isChainCid(bytes, at + 5) &&
    at + 5 + chainCidLength <= bytes.length
  );
}

/** Passes over a link; gives where its CID starts. */
function readLink(reader: CborReader, height: number): number {
  const at = reader.offset;
  if (isChainLink(reader.source, at)) {
    reader.offset = at + 5 + chainCidLength;
    return at + 5;
  }
  const cid = reader.link();
  const { codec } = readCid(cid);
  if (codec !== codecs.dagCbor) throw new AmtError("amt/link-codec", { height, codec });
  return cid.byteOffset - reader.source.byteOffset;
}

/** As `reader.skip()`; what most values are is seen without a call. */
function skipItem(reader: CborReader): void {
  const { source, offset } = reader;
  const head = source[offset] as number;
  if (head < 0x18 || head === 0xf6) reader.offset = offset + 1;
  else if (head >= 0x41 && head < 0x58 && offset + head - 0x3f <= source.length) reader.offset = offset + head - 0x3f;
  else if (isChainLink(source, offset)) reader.offset = offset + 5 + chainCidLength;
  else reader.skip();
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

/** Writes a node whose children all have their CIDs. */
export function encodeNode(
  writer: CborWriter,
  layout: Layout,
  node: AmtNode,
  bitmap: Uint8Array = new Uint8Array(layout.bitmapLength),
): void {
  bitmap.fill(0);
  const { items, slots } = node;
  if (slots === undefined) {
    const { spans } = node;
    for (let slot = 0; 2 * slot < spans.length; slot++) if (spans[2 * slot]) mark(bitmap, slot);
    writer.array(3).bytes(bitmap).array(0).array(items);
    for (let slot = 0; 2 * slot < spans.length; slot++) {
      const start = spans[2 * slot];
      if (start) writer.part(node.sourceOf(slot), start, spans[2 * slot + 1] as number);
    }
  } else {
    for (let slot = 0; slot < slots.length; slot++) if (slots[slot]) mark(bitmap, slot);
    writer.array(3).bytes(bitmap).array(items);
    for (let slot = 0; slot < slots.length; slot++) {
      if (slots[slot]) writer.link(childCid(node, slot) as CidBytes);
    }
    writer.array(0);
  }
}

function mark(bitmap: Uint8Array, slot: number): void {
  (bitmap[slot >> 3] as number) |= 1 << (slot & 7);
}
