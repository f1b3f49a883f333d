import { type CborReader, type CborWriter, type CidBytes, codecs, isChainCid, readCid } from "@copse/ipld";
import { AmtError } from "./errors.ts";
import type { Layout } from "./layout.ts";

/**
 * A child of a branch: its CID, its node once loaded, or both. Without a CID it has changes that no block holds yet.
 */
export interface Child {
  cid: CidBytes | undefined;
  node: AmtNode | undefined;
}

/** A node above the leaves: a child or nothing in each slot. */
export interface Branch {
  readonly links: (Child | undefined)[];
  readonly values: undefined;
}

/** A node at height 0: the CBOR of a value or nothing in each slot. Values are decoded when asked for. */
export interface Leaf {
  readonly links: undefined;
  readonly values: (Uint8Array | undefined)[];
}

/** A node in memory, its slots spread out. */
export type AmtNode = Branch | Leaf;

/** A node with nothing in it. */
export function emptyNode(layout: Layout, height: number): AmtNode {
  const slots = new Array<undefined>(layout.width).fill(undefined);
  return height === 0 ? { links: undefined, values: slots } : { links: slots, values: undefined };
}

/** Whether a node holds nothing. */
export function isEmpty(node: AmtNode): boolean {
  for (const slot of node.links ?? node.values) if (slot !== undefined) return false;
  return true;
}

/** How many slots of a node are taken. */
export function countItems(node: AmtNode): number {
  let items = 0;
  for (const slot of node.links ?? node.values) if (slot !== undefined) items++;
  return items;
}

/** Whether a node's only item is a link in its first slot, so that the child can take its place. */
export function isOnlyFirstLink(node: AmtNode): boolean {
  if (node.links?.[0] === undefined) return false;
  for (let slot = 1; slot < node.links.length; slot++) if (node.links[slot] !== undefined) return false;
  return true;
}

/**
 * Reads a node that is to stand at `height`.
 *
 * Shape: `[bitmap, [link…], [value…]]`; bit i of the bitmap, lowest first, tells that slot i is taken; links only above
 * the leaves, values only there. Bits past the width are not looked at, as in the references.
 * Cost: one pass; values are views of the reader's bytes.
 *
 * @throws {AmtError} `amt/bitmap-length`, `amt/links-and-values`, `amt/bitmap-mismatch`, `amt/level-wrong`,
 * `amt/node-empty`, `amt/link-codec`
 * @throws {CborError}
 * @see go-amt-ipld:node.go newNode, ref-fvm:ipld/amt/src/node.rs expand
 */
export function decodeNode(reader: CborReader, layout: Layout, height: number, mayBeEmpty: boolean): AmtNode {
  const { width } = layout;
  reader.array(3);
  const bitmap = reader.bytes();
  if (bitmap.length !== layout.bitmapLength) {
    throw new AmtError("amt/bitmap-length", { height, length: bitmap.length, expected: layout.bitmapLength });
  }
  const linkCount = reader.array(undefined, width);
  const links: CidBytes[] = [];
  for (let i = 0; i < linkCount; i++) links.push(readLink(reader, height));
  const valueCount = reader.array(undefined, width);
  const values: Uint8Array[] = [];
  for (let i = 0; i < valueCount; i++) values.push(reader.skip());
  if (linkCount > 0 && valueCount > 0) {
    throw new AmtError("amt/links-and-values", { height, links: linkCount, values: valueCount });
  }
  if (linkCount + valueCount === 0) {
    // the references do not look at the bitmap of an empty node; neither does a tree depend on it
    if (!mayBeEmpty) throw new AmtError("amt/node-empty", { height });
    return emptyNode(layout, height);
  }
  if (linkCount > 0 !== height > 0) {
    throw new AmtError("amt/level-wrong", { height, found: linkCount > 0 ? "links" : "values" });
  }
  const node = emptyNode(layout, height);
  let taken = 0;
  for (let slot = 0; slot < width; slot++) {
    if (((bitmap[slot >> 3] as number) & (1 << (slot & 7))) === 0) continue;
    if (node.links === undefined) node.values[slot] = values[taken];
    else if (taken < linkCount) node.links[slot] = { cid: links[taken], node: undefined };
    taken++;
  }
  const items = linkCount + valueCount;
  if (taken !== items) throw new AmtError("amt/bitmap-mismatch", { height, bits: taken, items });
  return node;
}

function readLink(reader: CborReader, height: number): CidBytes {
  const cid = reader.link();
  if (isChainCid(cid)) return cid;
  const { codec } = readCid(cid);
  if (codec !== codecs.dagCbor) throw new AmtError("amt/link-codec", { height, codec });
  return cid;
}

/** Writes a node whose children all have their CIDs. */
export function encodeNode(writer: CborWriter, layout: Layout, node: AmtNode): void {
  const slots: readonly unknown[] = node.links ?? node.values;
  const bitmap = new Uint8Array(layout.bitmapLength);
  let items = 0;
  for (let slot = 0; slot < slots.length; slot++) {
    if (slots[slot] === undefined) continue;
    (bitmap[slot >> 3] as number) |= 1 << (slot & 7);
    items++;
  }
  writer.array(3).bytes(bitmap);
  if (node.links === undefined) {
    writer.array(0).array(items);
    for (const value of node.values) if (value !== undefined) writer.raw(value);
  } else {
    writer.array(items);
    for (const child of node.links) if (child !== undefined) writer.link(child.cid as CidBytes);
    writer.array(0);
  }
}
