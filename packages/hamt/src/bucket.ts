import { CborReader } from "@copse/ipld";
import type { Layout } from "./layout.ts";
import { type HamtNode, writePrefix } from "./node.ts";

/** An entry as it stands in a node: the bytes of `[key, value]`, and where its key is in them. */
export interface RawEntry {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly keyStart: number;
  readonly keyEnd: number;
}

/** Length of the byte string whose head is at `at`. Its bytes have been checked before. */
export function lengthAt(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) & 31;
  if (low < 24) return low;
  let length = 0;
  for (let i = 1; i <= 1 << (low - 24); i++) length = length * 256 + (bytes[at + i] as number);
  return length;
}

/** Bytes of the head of a byte string. */
export function headLength(length: number): number {
  return length < 24 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 5;
}

/** Where the item ends that starts at `at`. It has been checked before. */
export function itemEnd(bytes: Uint8Array, at: number): number {
  let offset = at;
  for (let items = 1; items > 0; items--) {
    const head = bytes[offset] as number;
    const major = head >> 5;
    let argument = head & 31;
    if (argument >= 24) {
      const width = 1 << (argument - 24);
      argument = 0;
      // of an integer or a float the argument is the value, which may be past 2^53 and does not matter
      for (let i = 1; i <= width; i++) argument = argument * 256 + (bytes[offset + i] as number);
      offset += width;
    }
    offset++;
    if (major === 2 || major === 3) offset += argument;
    else if (major === 4) items += argument;
    else if (major === 5) items += 2 * argument;
    else if (major === 6) items++;
  }
  return offset;
}

/**
 * Where an item ends that is a number or a short string of bytes, as most values are; -1 where it is anything else or
 * malformed. Told without making anything.
 */
export function simpleEnd(bytes: Uint8Array, at: number): number {
  const head = bytes[at] as number;
  let end = -1;
  if (head < 0x18) end = at + 1;
  else if (head === 0x18) end = (bytes[at + 1] as number) >= 0x18 ? at + 2 : -1;
  else if (head === 0x19) end = bytes[at + 1] !== 0 ? at + 3 : -1;
  else if (head === 0x1a) end = bytes[at + 1] !== 0 || bytes[at + 2] !== 0 ? at + 5 : -1;
  else if (head >= 0x40 && head < 0x58) end = at + 1 + (head & 31);
  else if (head === 0x58) end = (bytes[at + 1] as number) >= 0x18 ? at + 2 + (bytes[at + 1] as number) : -1;
  return end <= bytes.length ? end : -1;
}

/**
 * Refuses bytes that are not one item of CBOR: what a codec wrote must not break the node it stands in.
 *
 * @throws {CborError}
 */
export function assertItem(value: Uint8Array): void {
  if (simpleEnd(value, 0) === value.length) return;
  const reader = new CborReader(value);
  reader.skip();
  reader.end();
}

/** Where the entry of a key starts in the bucket at `at`; -1 where the bucket has none. */
export function findEntry(bytes: Uint8Array, at: number, key: Uint8Array): number {
  let entry = at + 1;
  for (let left = (bytes[at] as number) & 31; ; ) {
    const length = lengthAt(bytes, entry + 1);
    const keyStart = entry + 1 + headLength(length);
    if (length === key.length && sameRange(bytes, keyStart, key)) return entry;
    if (--left === 0) return -1;
    entry = itemEnd(bytes, keyStart + length);
  }
}

/** Where the value starts of the entry at `entry`. */
export function valueStart(bytes: Uint8Array, entry: number): number {
  const length = lengthAt(bytes, entry + 1);
  return entry + 1 + headLength(length) + length;
}

/** The entries of the bucket at `at`. */
export function entriesAt(bytes: Uint8Array, at: number): RawEntry[] {
  const entries: RawEntry[] = [];
  let start = at + 1;
  for (let left = (bytes[at] as number) & 31; left > 0; left--) {
    const length = lengthAt(bytes, start + 1);
    const keyStart = start + 1 + headLength(length);
    const keyEnd = keyStart + length;
    const end = itemEnd(bytes, keyEnd);
    entries.push({ bytes, start, end, keyStart, keyEnd });
    start = end;
  }
  return entries;
}

/** Bytes of an entry. */
export function entryLength(key: Uint8Array, value: Uint8Array): number {
  return 1 + headLength(key.length) + key.length + value.length;
}

/** Writes an entry: `[key, value]`. */
export function writeEntry(bytes: Uint8Array, at: number, key: Uint8Array, value: Uint8Array): void {
  const length = key.length;
  let offset = at;
  bytes[offset++] = 0x82;
  if (length < 24) {
    bytes[offset++] = 0x40 | length;
  } else {
    const head = headLength(length);
    bytes[offset++] = 0x56 + head + (head === 5 ? -1 : 0);
    for (let shift = 8 * (head - 2); shift >= 0; shift -= 8) bytes[offset++] = length >>> shift;
  }
  bytes.set(key, offset);
  bytes.set(value, offset + length);
}

/** An entry outside of any node. */
export function rawEntry(key: Uint8Array, value: Uint8Array): RawEntry {
  const bytes = new Uint8Array(entryLength(key, value));
  writeEntry(bytes, 0, key, value);
  const keyEnd = bytes.length - value.length;
  return { bytes, start: 0, end: bytes.length, keyStart: keyEnd - key.length, keyEnd };
}

/** Orders entries by their keys' bytes, a prefix first. */
export function compareKeys(a: RawEntry, b: RawEntry): number {
  return compareRanges(a.bytes, a.keyStart, a.keyEnd, b.bytes, b.keyStart, b.keyEnd);
}

/** Orders two stretches of bytes, a prefix first. */
export function compareRanges(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const end = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < end; i++) {
    const difference = (a[aStart + i] as number) - (b[bStart + i] as number);
    if (difference !== 0) return difference;
  }
  return aEnd - aStart - (bEnd - bStart);
}

/** Bytes of a pointer to a bucket. */
export function bucketLength(layout: Layout, entries: readonly RawEntry[]): number {
  let length = layout.prefix + 1;
  for (const { start, end } of entries) length += end - start;
  return length;
}

/** Writes a pointer to a bucket of at most 23 entries. */
export function writeBucket(layout: Layout, node: HamtNode, at: number, entries: readonly RawEntry[]): void {
  if (layout.prefix > 0) writePrefix(node.bytes, at, 0x31);
  let offset = at + layout.prefix;
  node.bytes[offset++] = 0x80 | entries.length;
  for (const { bytes, start, end } of entries) {
    node.bytes.set(bytes.subarray(start, end), offset);
    offset += end - start;
  }
}

/** Whether bytes stand at an offset. */
export function sameRange(bytes: Uint8Array, at: number, other: Uint8Array): boolean {
  for (let i = 0; i < other.length; i++) if (bytes[at + i] !== other[i]) return false;
  return true;
}
