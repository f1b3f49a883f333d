import { type CidBytes, cidOf, type TreeFlush } from "@copse/ipld";
import type { Layout } from "./layout.ts";
import { copyNode, countOf, fillLink, type HamtNode, type Slots, takenOf } from "./node.ts";
import type { Room } from "./room.ts";

/** What {@link TreeFlush} is, by its earlier name. */
export type HamtFlush = TreeFlush;

/** What a flush made, and of which nodes. */
export interface Flushed {
  readonly blocks: (readonly [CidBytes, Uint8Array])[];
  readonly nodes: HamtNode[];
}

/**
 * Gives every changed node under a changed node of the owner its CID, and that one too.
 *
 * @returns its CID; the new blocks and their nodes are appended, children first
 */
export function flushNode(layout: Layout, owner: object, room: Room, node: HamtNode, flushed: Flushed): CidBytes {
  const { children } = node;
  if (children !== undefined) {
    for (let place = 0; place < children.length; place++) {
      let child = children[place];
      if (child?.changed !== true) continue;
      // what a clone of the tree has changed too must stay changed there
      if (child.owner !== owner) child = children[place] = copyNode(child, owner, room);
      fillLink(layout, node, place, flushNode(layout, owner, room, child, flushed));
    }
  }
  const block = encodeNode(node, node.bytes, node.starts[countOf(node)] as number);
  const cid = cidOf(block);
  flushed.blocks.push([cid, block]);
  flushed.nodes.push(node);
  node.changed = false;
  return cid;
}

/** The block of a node. */
export function encodeNode(slots: Slots, pointers: Uint8Array, length: number): Uint8Array {
  const { bits, more } = slots;
  const wide = bitfieldLength(bits, more);
  const count = takenOf(slots);
  const listHead = count < 24 ? 1 : count < 0x100 ? 2 : 3;
  const first = 1 + (wide < 24 ? 1 : 2) + wide + listHead;
  const block = new Uint8Array(first + length);
  let at = 0;
  block[at++] = 0x82;
  if (wide < 24) {
    block[at++] = 0x40 | wide;
  } else {
    block[at++] = 0x58;
    block[at++] = wide;
  }
  for (let i = wide - 1; i >= 0; i--) {
    const word = i < 4 ? bits : ((more as number[])[(i >> 2) - 1] as number);
    block[at++] = word >>> (8 * (i & 3));
  }
  if (count < 24) {
    block[at++] = 0x80 | count;
  } else {
    block[at++] = 0x96 + listHead;
    if (count >= 0x100) block[at++] = count >>> 8;
    block[at++] = count;
  }
  block.set(pointers.length === length ? pointers : pointers.subarray(0, length), at);
  return block;
}

/** Bytes of the bitfield as a big-endian integer; none for zero. */
function bitfieldLength(bits: number, more: readonly number[] | undefined): number {
  for (let word = more?.length ?? 0; word > 0; word--) {
    const held = (more as number[])[word - 1] as number;
    if (held !== 0) return 4 * word + ((39 - Math.clz32(held)) >> 3);
  }
  return (39 - Math.clz32(bits)) >> 3;
}
