import { CborReader, CborWriter, type CidBytes, type Codec, cidOf } from "@copse/ipld";
import { toHex } from "@copse/primitives";
import { compareRanges, headLength, lengthAt, simpleEnd } from "./bucket.ts";
import { HamtError } from "./errors.ts";
import { encodeNode, type HamtFlush } from "./flush.ts";
import { bytesOfKey, keysOf } from "./keys.ts";
import { type HamtOptions, type KeyedHamtOptions, type Layout, layoutOf, slotAt } from "./layout.ts";
import { emptyWords, linkLength, mark, type Slots, writeLink, writePrefix } from "./node.ts";

/** Entries as they will stand in nodes, one after another, with the hashes of their keys. */
interface Arena {
  readonly layout: Layout;
  readonly bytes: Uint8Array;
  /** Where each entry starts, and where the last one ends. */
  readonly starts: readonly number[];
  readonly hashes: readonly Uint8Array[];
  /** The first 32 bits of each hash, side by side. */
  readonly heads: Uint32Array;
  /** Entries by number, in the order that is being made of them, and room to make it. */
  readonly order: Uint32Array;
  readonly moved: Uint32Array;
  /** Room for the pointers of the node at each depth while its children are made. */
  readonly pages: Page[];
  readonly blocks: [cid: CidBytes, block: Uint8Array][];
}

/** A node in the making. */
interface Page {
  pointers: Uint8Array;
  /** Where the entries of each slot end in the order. */
  readonly ends: number[];
}

/**
 * The HAMT of entries that are all at hand: the root that setting one after another would give, made node by node.
 *
 * Cost: a hash a key and a node; each entry is encoded once and copied once. Memory: the entries' bytes and 50 B each.
 *
 * @throws {HamtError} `hamt/bit-width-unsupported`, `hamt/option-out-of-range`, `hamt/key-twice`, `hamt/too-deep`
 * @example
 * toCid(hamtRoot([], linkCodec, { version: 3 }).root).toString()
 * // => "bafy2bzaceamp42wmmgr2g2ymg46euououzfyck7szknvfacqscohrvaikwfay"
 */
export function hamtRoot<V, K>(
  entries: Iterable<readonly [key: K, value: V]>,
  codec: Codec<V>,
  options: KeyedHamtOptions<K>,
): HamtFlush;
export function hamtRoot<V>(
  entries: Iterable<readonly [key: Uint8Array, value: V]>,
  codec: Codec<V>,
  options: HamtOptions,
): HamtFlush;
export function hamtRoot<V, K>(
  entries: Iterable<readonly [key: K, value: V]>,
  codec: Codec<V>,
  options: HamtOptions | KeyedHamtOptions<K>,
): HamtFlush {
  const layout = layoutOf(options);
  const keys = keysOf(options);
  const writer = new CborWriter(1 << 12);
  const starts: number[] = [];
  const hashes: Uint8Array[] = [];
  for (const [given, value] of entries) {
    const key = bytesOfKey(keys, given);
    starts.push(writer.length);
    hashes.push(layout.hash(key));
    writer.array(2).bytes(key);
    codec.encode(writer, value);
  }
  starts.push(writer.length);
  const bytes = writer.finish();
  assertEntries(bytes, starts);
  const order = Uint32Array.from(hashes, (_, i) => i);
  const heads = Uint32Array.from(hashes, headOf);
  const moved = new Uint32Array(order.length);
  const arena: Arena = { layout, bytes, starts, hashes, heads, order, moved, pages: [], blocks: [] };
  const root = nodeOf(arena, 0, order.length, 0);
  return { root, blocks: arena.blocks };
}

/** What a codec wrote must be one item each. */
function assertEntries(bytes: Uint8Array, starts: readonly number[]): void {
  const reader = new CborReader(bytes);
  for (let i = 0; i + 1 < starts.length; i++) {
    const end = starts[i + 1] as number;
    const head = (starts[i] as number) + 1;
    const length = lengthAt(bytes, head);
    const value = head + headLength(length) + length;
    if (simpleEnd(bytes, value) === end) continue;
    reader.offset = value;
    reader.skip();
    if (reader.offset === end) continue;
    const alone = new CborReader(bytes.subarray(value, end));
    alone.skip();
    alone.end();
  }
}

function headOf(hash: Uint8Array): number {
  let head = 0;
  for (let i = 0; i < 4; i++) head = head * 256 + (i < hash.length ? (hash[i] as number) : 0);
  return head;
}

/** Makes the node of the entries from `from` to `to` in the order so far, and all below it; gives its CID. */
function nodeOf(arena: Arena, from: number, to: number, depth: number): CidBytes {
  const { layout, order, bytes, starts } = arena;
  if (depth >= layout.maxDepth) {
    assertDifferent(arena, from, to);
    throw new HamtError("hamt/too-deep", { depth, limit: layout.maxDepth });
  }
  arena.pages[depth] ??= { pointers: new Uint8Array(1 << 10), ends: [] };
  const page = arena.pages[depth];
  const slots: Slots = { bits: 0, more: emptyWords(layout) };
  sortBySlot(arena, from, to, depth, page.ends);
  let at = 0;
  for (let slot = 0, start = from; slot < layout.width; slot++) {
    const end = page.ends[slot] as number;
    if (start === end) continue;
    mark(slots, slot, true);
    const isChild = end - start > layout.bucketSize || depth < layout.minDataDepth;
    const link = isChild ? nodeOf(arena, start, end, depth + 1) : undefined;
    const needed = at + layout.prefix + (isChild ? linkLength : 1 + sortBucket(arena, start, end));
    if (needed > page.pointers.length) {
      const grown = new Uint8Array(2 * needed);
      grown.set(page.pointers);
      page.pointers = grown;
    }
    const { pointers } = page;
    if (layout.prefix > 0) writePrefix(pointers, at, isChild ? 0x30 : 0x31);
    at += layout.prefix;
    if (link !== undefined) {
      writeLink(pointers, at, link);
    } else {
      pointers[at++] = 0x80 | (end - start);
      for (let i = start; i < end; i++) {
        const entry = order[i] as number;
        const stop = starts[entry + 1] as number;
        for (let j = starts[entry] as number; j < stop; j++) pointers[at++] = bytes[j] as number;
      }
    }
    at = needed;
    start = end;
  }
  const block = encodeNode(slots, page.pointers, at);
  const cid = cidOf(block);
  arena.blocks.push([cid, block]);
  return cid;
}

/** A counting sort; entries of a slot keep their order. Where each slot's end is told in `ends`. */
function sortBySlot(arena: Arena, from: number, to: number, depth: number, ends: number[]): void {
  const { layout, order, moved, hashes, heads } = arena;
  const { width, bitWidth } = layout;
  const shift = 32 - (depth + 1) * bitWidth;
  const inHead = shift >= 0 && 32 <= layout.hashBits;
  const slotOf = (entry: number): number =>
    inHead ? ((heads[entry] as number) >>> shift) & (width - 1) : slotAt(layout, hashes[entry] as Uint8Array, depth);
  for (let slot = 0; slot < width; slot++) ends[slot] = 0;
  for (let i = from; i < to; i++) (ends[slotOf(order[i] as number)] as number)++;
  for (let slot = 0, start = from; slot < width; slot++) {
    const count = ends[slot] as number;
    ends[slot] = start;
    start += count;
  }
  for (let i = from; i < to; i++) {
    const entry = order[i] as number;
    moved[(ends[slotOf(entry)] as number)++] = entry;
  }
  for (let i = from; i < to; i++) order[i] = moved[i] as number;
}

/** Puts a few entries in the order of their keys; gives the sum of their lengths. */
function sortBucket(arena: Arena, from: number, to: number): number {
  const { order, starts } = arena;
  let length = 0;
  for (let i = from; i < to; i++) {
    const entry = order[i] as number;
    length += (starts[entry + 1] as number) - (starts[entry] as number);
    let at = i;
    for (; at > from && compareEntries(arena, order[at - 1] as number, entry) > 0; at--) {
      order[at] = order[at - 1] as number;
    }
    order[at] = entry;
  }
  return length;
}

/** @throws {HamtError} `hamt/key-twice` */
function compareEntries(arena: Arena, a: number, b: number): number {
  const { bytes, starts } = arena;
  const aHead = (starts[a] as number) + 1;
  const bHead = (starts[b] as number) + 1;
  const aLength = lengthAt(bytes, aHead);
  const bLength = lengthAt(bytes, bHead);
  const aKey = aHead + headLength(aLength);
  const bKey = bHead + headLength(bLength);
  const order = compareRanges(bytes, aKey, aKey + aLength, bytes, bKey, bKey + bLength);
  if (order === 0) throw new HamtError("hamt/key-twice", { key: toHex(bytes.subarray(aKey, aKey + aLength)) });
  return order;
}

/** Of more keys of one hash than a bucket holds, says where two are the same. */
function assertDifferent(arena: Arena, from: number, to: number): void {
  const sorted = arena.order.slice(from, to);
  sorted.sort((a, b) => compareEntries(arena, a, b));
}
