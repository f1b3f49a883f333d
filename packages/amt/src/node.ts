import { type CborWriter, type CidBytes, chainCidLength, isChainCid, readCid } from "@copse/ipld";
import type { Layout } from "./layout.ts";
import { endOf, Far, type Span, spanIn, startOf } from "./span.ts";

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
  /** Where the value of each slot lies, by `source` where it is near. */
  readonly spans: (Span | undefined)[];
  source: Uint8Array;
  /** Values that have been asked for. */
  values: unknown[] | undefined = undefined;
  items = 0;
  cid: CidBytes | undefined = undefined;

  constructor(layout: Layout, source: Uint8Array) {
    this.spans = emptyOf(layout);
    this.source = source;
  }

  /** Whether a slot is taken. */
  has(slot: number): boolean {
    return this.spans[slot] !== undefined;
  }

  /** Puts the CBOR of a value, which must not change, in a slot. */
  put(slot: number, source: Uint8Array, start: number, end: number): void {
    if (this.items === 0) this.source = source;
    if (this.spans[slot] === undefined) this.items++;
    this.spans[slot] = source === this.source ? spanIn(source, start, end) : new Far(source, start, end);
    if (this.values !== undefined) this.values[slot] = undefined;
  }

  /** Takes the value of a slot away. */
  take(slot: number): void {
    this.items--;
    this.spans[slot] = undefined;
    if (this.values !== undefined) this.values[slot] = undefined;
  }
}

/** A copy of a node and of the nodes below it that are in memory; the bytes, which never change, are shared. */
export function copyNode(layout: Layout, node: AmtNode): AmtNode {
  let copy: AmtNode;
  if (node.slots === undefined) {
    copy = new Leaf(layout, node.source);
    node.spans.forEach((span, slot) => {
      (copy as Leaf).spans[slot] = span;
    });
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

/** Bytes of a link before its CID: the tag, the head of 39 bytes, the multibase byte. */
export const linkHead = 5;

const nowhere = new Uint8Array();

/** Lists to copy, by the bits of their lengths: a copy costs a fraction of a list that is made and then filled. */
const blanks: undefined[][] = [];
const zeros: number[][] = [];
const bitsOf = (length: number): number => 31 - Math.clz32(length);

/** A list with nothing for each slot. */
export function emptyOf<T>({ width }: Layout): (T | undefined)[] {
  if (width > preparedWidth) return [];
  blanks[bitsOf(width)] ??= Array.from({ length: width }, () => undefined);
  return (blanks[bitsOf(width)] as undefined[]).slice();
}

function slotsOf<T>(length: number): (T | number)[] {
  if (length > preparedWidth) return [];
  zeros[bitsOf(length)] ??= Array.from({ length }, () => 0);
  return (zeros[bitsOf(length)] as number[]).slice();
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
 * Writes a node whose children all have their CIDs.
 *
 * @param bitmap bytes to make the bitmap in, for who writes many nodes
 */
export function encodeNode(
  writer: CborWriter,
  layout: Layout,
  node: AmtNode,
  bitmap: Uint8Array = new Uint8Array(layout.bitmapLength),
): void {
  const { items, slots } = node;
  if (items === layout.width) bitmap.fill(layout.width < 8 ? (1 << items) - 1 : 0xff);
  else markTaken(bitmap, node);
  if (slots === undefined) {
    writer.array(3).bytes(bitmap).array(0).array(items);
    writeValues(writer, node);
  } else {
    writer.array(3).bytes(bitmap).array(items);
    for (let slot = 0; slot < slots.length; slot++) {
      const child = slots[slot];
      if (!child) continue;
      if (typeof child === "object") writer.link(child.cid as CidBytes);
      else if (isChainCid(node.source, child)) writer.part(node.source, child - linkHead, child + chainCidLength);
      else writer.link(cidFrom(node.source, child));
    }
    writer.array(0);
  }
}

/** Writes the values of a leaf, those that lie side by side at once. */
function writeValues(writer: CborWriter, { spans, source }: Leaf): void {
  let from = source;
  let start = 0;
  let end = 0;
  for (let slot = 0; slot < spans.length; slot++) {
    const span = spans[slot];
    if (span === undefined) continue;
    const isNear = typeof span === "number";
    const its = isNear ? source : span.bytes;
    const next = isNear ? startOf(span) : span.start;
    if (next !== end || its !== from) {
      if (end > start) writer.part(from, start, end);
      from = its;
      start = next;
    }
    end = isNear ? endOf(span) : span.end;
  }
  if (end > start) writer.part(from, start, end);
}

/** Sets the bits of the slots that are taken, and no other. */
function markTaken(bitmap: Uint8Array, node: AmtNode): void {
  bitmap.fill(0);
  const taken = node.slots ?? node.spans;
  for (let slot = 0; slot < taken.length; slot++) {
    if (taken[slot]) (bitmap[slot >> 3] as number) |= 1 << (slot & 7);
  }
}
