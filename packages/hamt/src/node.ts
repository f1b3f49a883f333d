import { chainCidLength } from "@copse/ipld";
import type { Layout } from "./layout.ts";
import type { Room } from "./room.ts";
import type { Told } from "./told.ts";

/** Which slots of a node are taken. */
export interface Slots {
  /** The first 32. */
  bits: number;
  /** The further ones, 32 to a word; where nodes of the width, or this one, have such. */
  readonly more: number[] | undefined;
}

/**
 * A node in memory: nearly its block. The pointers stand back to back as CBOR, so that reading a block makes no objects of
 * its entries, a change moves bytes, and a flush copies them. The link to a child that has changes is a gap of the right
 * length, filled when the child has its CID.
 */
export interface HamtNode extends Slots {
  /** Changes are made in place by this owner only; others copy the node first. */
  owner: object | undefined;
  /** The pointers; bytes past `starts[count]` are room to grow. */
  bytes: Uint8Array;
  /** Where each pointer starts in `bytes`, and where the last one ends. */
  readonly starts: number[];
  /** Children that are in memory, by the place of their pointers. */
  children: (HamtNode | undefined)[] | undefined;
  /** No block holds the node as it is. */
  changed: boolean;
  /** Used since the last sweep of cached nodes. */
  used: boolean;
  /** What it tells walks, once it has been put down; see `toldBy`. */
  told: Told | "next time" | "never" | undefined;
}

/** A tag, a byte string of 39, the multibase prefix: what stands before the CID of a link. */
const linkHead: Uint8Array = Uint8Array.of(0xd8, 0x2a, 0x58, chainCidLength + 1, 0x00);
/** Bytes of a link by the chain's common CID. */
export const linkLength: number = linkHead.length + chainCidLength;
const nothing: Uint8Array = new Uint8Array(0);

/** A node with nothing in it. */
export function emptyNode(layout: Layout, owner: object): HamtNode {
  return {
    owner,
    bits: 0,
    more: emptyWords(layout),
    bytes: nothing,
    starts: [0],
    children: undefined,
    changed: true,
    used: true,
    told: undefined,
  };
}

/** No slot past the first 32 taken. */
export function emptyWords(layout: Layout): number[] | undefined {
  return layout.width <= 32 ? undefined : new Array<number>((layout.width >> 5) - 1).fill(0);
}

/** A node of the same, whose changes leave the first as it is. Children are shared. */
export function copyNode(node: HamtNode, owner: object, room: Room): HamtNode {
  const length = node.starts[node.starts.length - 1] as number;
  const bytes = room.take(length + 64);
  bytes.set(length === node.bytes.length ? node.bytes : node.bytes.subarray(0, length));
  const { changed } = node;
  return {
    owner,
    bits: node.bits,
    more: node.more?.slice(),
    bytes,
    starts: node.starts.slice(),
    children: node.children?.slice(),
    changed,
    used: true,
    told: undefined,
  };
}

/** How many pointers a node has. */
export function countOf(node: HamtNode): number {
  return node.starts.length - 1;
}

/** Whether a slot is taken. */
export function isTaken(node: Slots, slot: number): boolean {
  const word = slot < 32 ? node.bits : (node.more?.[(slot >> 5) - 1] ?? 0);
  return ((word >>> (slot & 31)) & 1) === 1;
}

/** One more than the highest slot that two nodes can have. */
export function slotsOf(a: Slots, b: Slots): number {
  return 32 * (1 + Math.max(a.more?.length ?? 0, b.more?.length ?? 0));
}

/** Place of a slot among the node's pointers. */
export function placeOf(node: Slots, slot: number): number {
  const mask = (1 << (slot & 31)) - 1;
  if (slot < 32) return countBits(node.bits & mask);
  const more = node.more as number[];
  let place = countBits(node.bits);
  for (let word = 0; word < (slot >> 5) - 1; word++) place += countBits(more[word] as number);
  return place + countBits((more[(slot >> 5) - 1] as number) & mask);
}

/** How many slots are taken. */
export function takenOf({ bits, more }: Slots): number {
  let taken = countBits(bits);
  if (more !== undefined) for (const word of more) taken += countBits(word);
  return taken;
}

/** Marks a slot as taken, or free. */
export function mark(node: Slots, slot: number, taken: boolean): void {
  const bit = 1 << (slot & 31);
  if (slot < 32) {
    node.bits = taken ? node.bits | bit : node.bits & ~bit;
    return;
  }
  const more = node.more as number[];
  const word = more[(slot >> 5) - 1] as number;
  more[(slot >> 5) - 1] = taken ? word | bit : word & ~bit;
}

/** How many bits of a word are set. */
export function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/** Whether a pointer is a link. */
export function isLink(layout: Layout, node: HamtNode, place: number): boolean {
  return (node.bytes[(node.starts[place] as number) + layout.prefix] as number) >> 5 === 6;
}

/** The CID of a link's child, a copy. Of a child that has changes it is none. */
export function cidAt(layout: Layout, node: HamtNode, place: number): Uint8Array {
  return node.bytes.slice(cidStart(layout, node, place), node.starts[place + 1]);
}

/** Where a link's CID starts: behind the tag, the head of a byte string of at most 512, and a zero. */
export function cidStart(layout: Layout, node: HamtNode, place: number): number {
  const at = (node.starts[place] as number) + layout.prefix + 2;
  const head = node.bytes[at] as number;
  return head < 0x58 ? at + 2 : head === 0x58 ? at + 3 : at + 4;
}

/**
 * Makes a pointer's bytes as long as told, the bytes after them moved.
 *
 * @returns where they start
 */
export function resizeAt(room: Room, node: HamtNode, place: number, length: number): number {
  const start = node.starts[place] as number;
  const end = node.starts[place + 1] as number;
  openGap(room, node, place, end, length - (end - start));
  return start;
}

/** Moves all from offset `from` in the pointer at `place` on by `more` bytes, or back where it is negative. */
export function openGap(room: Room, node: HamtNode, place: number, from: number, more: number): void {
  if (more === 0) return;
  const { starts } = node;
  const last = starts.length - 1;
  const length = starts[last] as number;
  if (length + more > node.bytes.length) {
    const grown = room.take(Math.max(64, 2 * (length + more)));
    grown.set(node.bytes.subarray(0, from));
    grown.set(node.bytes.subarray(from, length), from + more);
    node.bytes = grown;
  } else if (from < length) {
    node.bytes.copyWithin(from + more, from, length);
  }
  for (let i = place + 1; i <= last; i++) (starts[i] as number) += more;
}

/**
 * Makes room for a pointer in a free slot.
 *
 * @returns where its bytes start
 */
export function insertPointer(room: Room, node: HamtNode, slot: number, length: number): number {
  const place = placeOf(node, slot);
  const start = node.starts[place] as number;
  const { starts } = node;
  starts.push(0);
  for (let i = starts.length - 1; i > place; i--) starts[i] = starts[i - 1] as number; // a third of what splice takes
  openGap(room, node, place, start, length);
  node.children?.splice(place, 0, undefined);
  mark(node, slot, true);
  return start;
}

/** Takes a slot's pointer away. */
export function removePointer(node: HamtNode, slot: number): void {
  const place = placeOf(node, slot);
  const { bytes, starts } = node;
  const start = starts[place] as number;
  const end = starts[place + 1] as number;
  const last = starts.length - 1;
  const length = starts[last] as number;
  if (end < length) bytes.copyWithin(start, end, length);
  for (let i = place + 2; i <= last; i++) starts[i - 1] = (starts[i] as number) - (end - start);
  starts.pop();
  node.children?.splice(place, 1);
  mark(node, slot, false);
}

/** Makes a pointer a link to a child that has no CID yet. */
export function linkTo(layout: Layout, room: Room, node: HamtNode, place: number, child: HamtNode): void {
  writeGap(layout, node, resizeAt(room, node, place, layout.prefix + linkLength));
  node.children ??= new Array<HamtNode | undefined>(countOf(node)).fill(undefined);
  node.children[place] = child;
}

/** Puts a link to a child that has no CID yet into a free slot. */
export function insertChild(layout: Layout, room: Room, node: HamtNode, slot: number, child: HamtNode): void {
  writeGap(layout, node, insertPointer(room, node, slot, layout.prefix + linkLength));
  node.children ??= new Array<HamtNode | undefined>(countOf(node)).fill(undefined);
  node.children[placeOf(node, slot)] = child;
}

function writeGap(layout: Layout, node: HamtNode, start: number): void {
  if (layout.prefix > 0) writePrefix(node.bytes, start, 0x30);
  node.bytes.set(linkHead, start + layout.prefix);
}

/** Writes the head of a one-key map before version 3: key `0` for a link, `1` for a bucket. */
export function writePrefix(bytes: Uint8Array, at: number, name: 0x30 | 0x31): void {
  bytes[at] = 0xa1;
  bytes[at + 1] = 0x61;
  bytes[at + 2] = name;
}

/** Writes a link by the chain's common CID. */
export function writeLink(bytes: Uint8Array, at: number, cid: Uint8Array): void {
  bytes.set(linkHead, at);
  bytes.set(cid, at + linkHead.length);
}

/** Fills the gap of a link. */
export function fillLink(layout: Layout, node: HamtNode, place: number, cid: Uint8Array): void {
  node.bytes.set(cid, (node.starts[place] as number) + layout.prefix + linkHead.length);
}
