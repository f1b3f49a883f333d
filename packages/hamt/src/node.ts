import { CborReader, type CborWriter, type CidBytes, codecs, isChainCid, readCid } from "@copse/ipld";
import { compareBytes } from "@copse/primitives";
import { HamtError } from "./errors.ts";
import { bucketSize, type Layout } from "./layout.ts";

/** A key with the CBOR of its value, which is decoded when asked for. */
export interface Entry {
  readonly key: Uint8Array;
  value: Uint8Array;
}

/** What a slot holds: a bucket, or a child by its CID, its node once loaded, or both. A child without a CID has changes. */
export interface Pointer {
  bucket: Entry[] | undefined;
  cid: CidBytes | undefined;
  node: HamtNode | undefined;
}

/** A node in memory: which slots are taken, 32 to a word, and the pointers of those. */
export interface HamtNode {
  readonly bits: number[];
  readonly pointers: Pointer[];
}

/** A pointer to a bucket. */
export const bucketOf = (bucket: Entry[]): Pointer => ({ bucket, cid: undefined, node: undefined });
/** A pointer to a node that no block holds yet. */
export const childOf = (node: HamtNode): Pointer => ({ bucket: undefined, cid: undefined, node });

/** A node with nothing in it. */
export function emptyNode(layout: Layout): HamtNode {
  return { bits: new Array<number>(Math.max(1, layout.width >> 5)).fill(0), pointers: [] };
}

/** Whether a slot is taken. */
export function isTaken(node: HamtNode, slot: number): boolean {
  return (((node.bits[slot >> 5] as number) >>> (slot & 31)) & 1) === 1;
}

/** Place of a slot among the node's pointers. */
export function placeOf(node: HamtNode, slot: number): number {
  let place = 0;
  for (let word = 0; word < slot >> 5; word++) place += countBits(node.bits[word] as number);
  return place + countBits((node.bits[slot >> 5] as number) & ((1 << (slot & 31)) - 1));
}

/** Puts a pointer into a free slot. */
export function insertAt(node: HamtNode, slot: number, pointer: Pointer): void {
  node.pointers.splice(placeOf(node, slot), 0, pointer);
  (node.bits[slot >> 5] as number) |= 1 << (slot & 31);
}

/** Takes a slot's pointer away. */
export function removeAt(node: HamtNode, slot: number): void {
  node.pointers.splice(placeOf(node, slot), 1);
  (node.bits[slot >> 5] as number) &= ~(1 << (slot & 31));
}

function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/**
 * Reads a node from its block, which may change afterwards: the bytes are copied, once, and keys and values stay views
 * of the copy.
 *
 * Shape: `[bitfield, [pointer…]]`; the bitfield is a big-endian integer whose bit i tells that slot i is taken. A pointer
 * is a link or a list of `[key, value]`; before version 3 it is a map of one pair, `"0"` to a link or `"1"` to a list.
 *
 * @throws {HamtError} `hamt/bitfield-too-wide`, `hamt/bitfield-mismatch`, `hamt/node-empty`, `hamt/pointer-malformed`,
 * `hamt/bucket-empty`, `hamt/bucket-unsorted`, `hamt/link-codec`
 * @throws {CborError}
 * @see ref-fvm:ipld/hamt/src/node.rs load, go-hamt-ipld:hamt.go loadNode, go-hamt-ipld:v0.1.5 pointer_cbor.go
 */
export function loadNode(block: Uint8Array, layout: Layout, depth: number): HamtNode {
  const reader = new CborReader(block.slice());
  reader.array(2);
  const bits = decodeBitfield(reader.bytes(32), layout, depth);
  const count = reader.array(undefined, layout.width);
  const pointers: Pointer[] = [];
  for (let i = 0; i < count; i++) pointers.push(decodePointer(reader, layout, depth));
  reader.end();
  let taken = 0;
  for (const word of bits) taken += countBits(word);
  if (taken !== count) throw new HamtError("hamt/bitfield-mismatch", { depth, bits: taken, pointers: count });
  if (count === 0 && depth > 0) throw new HamtError("hamt/node-empty", { depth });
  return { bits, pointers };
}

function decodeBitfield(bytes: Uint8Array, layout: Layout, depth: number): number[] {
  const bits = emptyNode(layout).bits;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[bytes.length - 1 - i] as number;
    if (byte === 0) continue; // leading zeros are read, as the references read them
    const highest = 8 * i + 32 - Math.clz32(byte);
    if (highest > layout.width) {
      throw new HamtError("hamt/bitfield-too-wide", { depth, length: highest, limit: layout.width });
    }
    (bits[i >> 2] as number) |= byte << (8 * (i & 3));
  }
  return bits;
}

function decodePointer(reader: CborReader, layout: Layout, depth: number): Pointer {
  const isLink = layout.version !== 3 ? isLinkByName(reader, depth) : isLinkByKind(reader, depth);
  if (!isLink) return bucketOf(decodeBucket(reader, layout, depth));
  const cid = reader.link();
  const codec = isChainCid(cid) ? codecs.dagCbor : readCid(cid).codec;
  if (codec !== codecs.dagCbor) throw new HamtError("hamt/link-codec", { depth, codec });
  return { bucket: undefined, cid, node: undefined };
}

function isLinkByKind(reader: CborReader, depth: number): boolean {
  const major = reader.peekMajor();
  if (major !== 4 && major !== 6)
    throw new HamtError("hamt/pointer-malformed", { depth, found: `of major type ${major}` });
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

function decodeBucket(reader: CborReader, layout: Layout, depth: number): Entry[] {
  const count = reader.array(undefined, bucketSize);
  if (count === 0) throw new HamtError("hamt/bucket-empty", { depth });
  const bucket: Entry[] = [];
  for (let i = 0; i < count; i++) {
    reader.array(2);
    const key = reader.bytes();
    const before = bucket[i - 1];
    // go-hamt-ipld 0.1 did not sort when it made a bucket of a node, so those of version 0 stand in any order
    if (layout.version !== 0 && before !== undefined && compareBytes(before.key, key) >= 0) {
      throw new HamtError("hamt/bucket-unsorted", { depth });
    }
    bucket.push({ key, value: reader.skip() });
  }
  return bucket;
}

/** Writes a node whose children all have their CIDs. */
export function encodeNode(writer: CborWriter, layout: Layout, node: HamtNode): void {
  writer.array(2).bytes(encodeBitfield(node.bits)).array(node.pointers.length);
  for (const { bucket, cid } of node.pointers) {
    if (layout.version !== 3) writer.map(1).text(bucket === undefined ? "0" : "1");
    if (bucket === undefined) {
      writer.link(cid as CidBytes);
      continue;
    }
    writer.array(bucket.length);
    for (const { key, value } of bucket) writer.array(2).bytes(key).raw(value);
  }
}

function encodeBitfield(bits: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(bits.length * 4);
  for (let i = 0; i < bytes.length; i++) bytes[bytes.length - 1 - i] = (bits[i >> 2] as number) >>> (8 * (i & 3));
  const start = bytes.findIndex((byte) => byte !== 0);
  return start < 0 ? bytes.subarray(bytes.length) : bytes.subarray(start);
}
