import { CborReader, codecs, isChainCid, readCid } from "@copse/ipld";
import type { Room } from "../room.ts";
import { type Chunk, type Entry, keyOf, readEntry } from "./entry.ts";
import { KamtError } from "./errors.ts";
import { type Extension, noExtension } from "./extension.ts";
import type { Layout } from "./layout.ts";
import { bucketOf, type KamtNode, Pointer } from "./pointer.ts";

/** A node with nothing in it. */
export function emptyNode<K>(layout: Layout<K>): KamtNode<K> {
  return { bits: layout.width <= 32 ? [0] : new Array<number>(layout.width >> 5).fill(0), pointers: [] };
}

/** The pointer of a slot. */
export function pointerAt<K>(node: KamtNode<K>, slot: number): Pointer<K> | undefined {
  if ((((node.bits[slot >> 5] as number) >>> (slot & 31)) & 1) === 0) return undefined;
  return node.pointers[placeOf(node, slot)];
}

/** Place of a slot among the node's pointers. */
export function placeOf<K>(node: KamtNode<K>, slot: number): number {
  let place = 0;
  for (let word = 0; word < slot >> 5; word++) place += countBits(node.bits[word] as number);
  return place + countBits((node.bits[slot >> 5] as number) & ((1 << (slot & 31)) - 1));
}

/** The slots of the node's pointers, in their order. */
export function slotsOf<K>(node: KamtNode<K>): number[] {
  const slots: number[] = [];
  for (let i = 0; i < node.bits.length; i++) {
    for (let word = node.bits[i] as number; word !== 0; word &= word - 1) {
      slots.push(32 * i + 31 - Math.clz32(word & -word));
    }
  }
  return slots;
}

/** Puts a pointer into a free slot. */
export function insertAt<K>(node: KamtNode<K>, slot: number, pointer: Pointer<K>): void {
  const { pointers } = node;
  const place = placeOf(node, slot);
  pointers.push(pointer);
  for (let i = pointers.length - 1; i > place; i--) pointers[i] = pointers[i - 1] as Pointer<K>; // splice makes an array
  pointers[place] = pointer;
  (node.bits[slot >> 5] as number) |= 1 << (slot & 31);
}

/** Takes a slot's pointer away. */
export function removeAt<K>(node: KamtNode<K>, slot: number): void {
  const { pointers } = node;
  for (let i = placeOf(node, slot) + 1; i < pointers.length; i++) pointers[i - 1] = pointers[i] as Pointer<K>;
  pointers.pop();
  (node.bits[slot >> 5] as number) &= ~(1 << (slot & 31));
}

function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/**
 * Reads a node from its block, which may change afterwards: the bytes are copied, once. Keys are decoded, values stay
 * CBOR.
 *
 * Shape: `[bitfield, [pointer…]]`; the bitfield is a big-endian integer whose bit i tells that slot i is taken. A pointer
 * is a map of one pair: `"v"` to a list of `[key, value]`, or `"l"` to `[link, length, path]`, the extension's bits.
 *
 * @param depth as the reference counts it where it loads: nodes from the root, or levels where a key is set or taken away
 * @throws {KamtError} `kamt/bitfield-mismatch`, `kamt/node-empty`, `kamt/pointer-malformed`, `kamt/values-too-shallow`,
 * `kamt/bucket-empty`, `kamt/bucket-unsorted`, `kamt/link-codec`, `kamt/extension-uneven`, `kamt/extension-too-long`
 * @throws {CborError}
 * @see ref-fvm:ipld/kamt/src/node.rs load, ref-fvm:ipld/kamt/src/pointer.rs
 */
export function loadNode<K>(block: Uint8Array, layout: Layout<K>, depth: number, room: Room): KamtNode<K> {
  const reader = new CborReader(room.copy(block, 0, block.length));
  const chunk: Chunk = { bytes: reader.source, writer: undefined };
  reader.array(2);
  const bits = decodeBitfield(reader.bytes(32), layout);
  const count = reader.array(undefined, layout.width);
  const pointers: Pointer<K>[] = [];
  for (let i = 0; i < count; i++) pointers.push(decodePointer(reader, layout, chunk, depth));
  reader.end();
  let taken = 0;
  for (const word of bits) taken += countBits(word);
  if (taken !== count) throw new KamtError("kamt/bitfield-mismatch", { depth, bits: taken, pointers: count });
  if (count === 0 && depth > 0) throw new KamtError("kamt/node-empty", { depth });
  return { bits, pointers };
}

/** Leading zeros are read, and so are bits past the width, whose pointers no key reaches: as the reference has it. */
function decodeBitfield<K>(bytes: Uint8Array, layout: Layout<K>): number[] {
  const bits = emptyNode(layout).bits;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[bytes.length - 1 - i] as number;
    if (byte === 0) continue;
    while (bits.length <= i >> 2) bits.push(0);
    (bits[i >> 2] as number) |= byte << (8 * (i & 3));
  }
  return bits;
}

function decodePointer<K>(reader: CborReader, layout: Layout<K>, chunk: Chunk, depth: number): Pointer<K> {
  const { source, offset } = reader;
  // both forms begin so; read from the bytes because nodes are mostly pointers
  if (source[offset] === 0xa1 && source[offset + 1] === 0x61) {
    reader.offset = offset + 3;
    if (source[offset + 2] === nameOfValues) return bucketOf(decodeBucket(reader, layout, chunk, depth));
    if (source[offset + 2] === nameOfLink) return decodeLink(reader, layout, depth);
    reader.offset = offset;
  }
  const pairs = reader.map();
  if (pairs !== 1) throw new KamtError("kamt/pointer-malformed", { depth, found: `a map of ${pairs}` });
  reader.textBytes();
  throw new KamtError("kamt/pointer-malformed", { depth, found: "a map of another key than v or l" });
}

function decodeLink<K>(reader: CborReader, layout: Layout<K>, depth: number): Pointer<K> {
  const { source, offset } = reader;
  if (isChainLink(source, offset)) {
    reader.offset = offset + linkStart.length + digestBytes;
    const extension = decodeExtension(reader, layout, depth);
    return Pointer.within(source, offset + cidOffset, extension);
  }
  reader.array(3);
  const cid = reader.link();
  const codec = isChainCid(cid) ? codecs.dagCbor : readCid(cid).codec;
  if (codec !== codecs.dagCbor) throw new KamtError("kamt/link-codec", { depth, codec });
  return new Pointer<K>(undefined, cid, undefined, decodeExtension(reader, layout, depth));
}

/** Whether a list of three with a whole CID of DAG-CBOR and blake2b-256 begins here: nearly all links, so read by bytes. */
function isChainLink(source: Uint8Array, offset: number): boolean {
  if (offset + linkStart.length + digestBytes > source.length) return false;
  for (let i = 0; i < linkStart.length; i++) if (source[offset + i] !== linkStart[i]) return false;
  return true;
}

function decodeExtension<K>(reader: CborReader, layout: Layout<K>, depth: number): Extension {
  const { bitWidth, hashBits } = layout;
  const length = reader.safeUint();
  const path = reader.source[reader.offset] === 0x40 ? undefined : reader.bytes();
  if (path === undefined) reader.offset++;
  if (length % bitWidth !== 0) throw new KamtError("kamt/extension-uneven", { depth, length, bitWidth });
  // the slot below needs a bit at least; in the reference the last level's count of bits left wraps around
  const limit = hashBits - (depth + 1) * bitWidth - 1;
  if (length > limit) throw new KamtError("kamt/extension-too-long", { depth, length, limit });
  return length === 0 && path === undefined ? noExtension : { length, path: path ?? noExtension.path };
}

function decodeBucket<K>(reader: CborReader, layout: Layout<K>, chunk: Chunk, depth: number): Entry<K>[] {
  if (depth < layout.minDataDepth) {
    throw new KamtError("kamt/values-too-shallow", { depth, least: layout.minDataDepth });
  }
  const count = reader.array(undefined, layout.maxArrayWidth);
  if (count === 0) throw new KamtError("kamt/bucket-empty", { depth });
  const bucket: Entry<K>[] = [];
  for (let i = 0; i < count; i++) {
    const at = reader.offset;
    reader.array(2);
    const entry = readEntry(reader, layout, chunk, at);
    const before = bucket[i - 1];
    if (before !== undefined && layout.compare(keyOf(layout, before), keyOf(layout, entry)) >= 0) {
      throw new KamtError("kamt/bucket-unsorted", { depth });
    }
    bucket.push(entry);
  }
  return bucket;
}

const digestBytes = 32;
/** A list of three, tag 42, 39 bytes, the multibase byte, and the CID up to its digest. */
const linkStart: Uint8Array = Uint8Array.of(0x83, 0xd8, 0x2a, 0x58, 0x27, 0, 1, 0x71, 0xa0, 0xe4, 2, 0x20);
const cidOffset = 6;

const nameOfValues = 0x76; // "v"
const nameOfLink = 0x6c; // "l"
