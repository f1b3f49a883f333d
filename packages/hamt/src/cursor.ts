import { CborReader, type CidBytes, type Codec, type Fetching } from "@copse/ipld";
import { compareBytes, toHex } from "@copse/primitives";
import { entriesAt, headLength, itemEnd, lengthAt } from "./bucket.ts";
import { HamtError } from "./errors.ts";
import { type KeyCodec, keyOfBytes } from "./keys.ts";
import { type Layout, slotAt } from "./layout.ts";
import { loadNode } from "./load-node.ts";
import { cidAt, countOf, type HamtNode, isLink, isTaken, placeOf } from "./node.ts";

/** A key and its value. */
export type HamtEntry<V, K = Uint8Array> = readonly [key: K, value: V];

/**
 * Where a walk starts. The order of a HAMT is that of its slots, so of the keys' hashes; within a bucket that of the keys.
 *
 * A key that is not there is no fault: the walk starts where it would be. Where the tree has changed since the key was
 * met, entries that shared a bucket with it may be met again or not at all; a cursor that is kept goes on through the tree
 * as it was.
 */
export interface HamtStart<K = Uint8Array> {
  /** Start at this key. */
  readonly from?: K | undefined;
  /** Start behind this key. */
  readonly after?: K | undefined;
  /** Refuse a key that is not there, as ref-fvm does: `hamt/start-absent`. */
  readonly exact?: boolean | undefined;
}

/** How far a walk went, see `Hamt.walk`. */
export interface HamtWalked<K> {
  /** Entries that were visited. */
  readonly visited: number;
  /** Key of the entry that would have come next, where the limit ended the walk. */
  readonly next?: K;
}

/** What a walk makes of an entry. */
export type ReadEntry<T> = (node: HamtNode, keyStart: number, keyEnd: number, valueEnd: number) => T;

/** Reads an entry of a node whose bytes stay as they are. */
export function readEntry<V, K>(codec: Codec<V>, keys: KeyCodec<K> | undefined): ReadEntry<HamtEntry<V, K>> {
  return (node, keyStart, keyEnd, valueEnd) => [
    keyOfBytes(keys, node.bytes.slice(keyStart, keyEnd)),
    decodeAt(codec, node.bytes, keyEnd, valueEnd),
  ];
}

/** The value that stands between two offsets, and no more. */
export function decodeAt<V>(codec: Codec<V>, bytes: Uint8Array, start: number, end: number): V {
  const reader = new CborReader(bytes, start);
  const value = codec.decode(reader);
  if (reader.offset === end) return value;
  // a codec that reads less, or past its own, is told as if its value stood alone
  const alone = new CborReader(bytes.subarray(start, end));
  codec.decode(alone);
  alone.end();
  return value;
}

/**
 * A walk through a HAMT as it was when the walk began, in the order of its slots.
 *
 * Bound: the nodes from the root to the current one; those it loads are not kept by the tree.
 */
export class HamtCursor<T> {
  readonly #layout: Layout;
  readonly #read: ReadEntry<T>;
  readonly #nodes: HamtNode[];
  readonly #places: number[] = [0];
  /** Key to start at, until the first step has gone there. */
  #start: Uint8Array | undefined;
  readonly #behind: boolean;
  readonly #exact: boolean;
  /** Entries of the bucket at hand that come before the start. */
  #passed = 0;

  /** @internal use `Hamt.cursor` */
  constructor(layout: Layout, root: HamtNode, read: ReadEntry<T>, start?: Uint8Array, behind = false, exact = false) {
    this.#layout = layout;
    this.#read = read;
    this.#nodes = [root];
    this.#start = start;
    this.#behind = behind;
    this.#exact = exact;
  }

  /**
   * The next entries, those up to the next child of the node at hand; `undefined` at the end.
   *
   * @throws {HamtError} a node is none; `hamt/start-absent`
   */
  *next(): Fetching<T[] | undefined> {
    const layout = this.#layout;
    const nodes = this.#nodes;
    const places = this.#places;
    if (this.#start !== undefined) yield* this.#seek(this.#start);
    for (;;) {
      const top = nodes.length - 1;
      if (top < 0) return undefined;
      const node = nodes[top] as HamtNode;
      const found = this.#take(node, top);
      if (found !== undefined) return found;
      const place = places[top] as number;
      if (place === countOf(node)) {
        nodes.pop();
        places.pop();
        continue;
      }
      if (top + 1 >= layout.maxDepth) throw new HamtError("hamt/too-deep", { depth: top + 1, limit: layout.maxDepth });
      const child = node.children?.[place] ?? loadNode(yield cidAt(layout, node, place), layout, top + 1);
      places[top] = place + 1;
      nodes.push(child);
      places.push(0);
    }
  }

  /** The entries of the buckets from the current place up to a link or the end. */
  #take(node: HamtNode, top: number): T[] | undefined {
    const { prefix } = this.#layout;
    const { bytes, starts } = node;
    const count = starts.length - 1;
    let found: T[] | undefined;
    let place = this.#places[top] as number;
    for (; place < count; place++) {
      const at = (starts[place] as number) + prefix;
      const head = bytes[at] as number;
      if (head >> 5 === 6) break;
      const end = starts[place + 1] as number;
      let entry = at + 1;
      for (let left = head & 31; left > 0; left--) {
        const length = lengthAt(bytes, entry + 1);
        const keyStart = entry + 1 + headLength(length);
        const keyEnd = keyStart + length;
        entry = left === 1 ? end : itemEnd(bytes, keyEnd);
        if (this.#passed > 0) {
          this.#passed--;
          continue;
        }
        found ??= [];
        found.push(this.#read(node, keyStart, keyEnd, entry));
      }
    }
    this.#places[top] = place;
    return found;
  }

  /** Goes down to a key, or to where it would be. */
  *#seek(key: Uint8Array): Fetching<void> {
    const layout = this.#layout;
    const hash = layout.hash(key);
    const nodes: HamtNode[] = [this.#nodes[0] as HamtNode];
    const places: number[] = [];
    let known = false;
    let passed = 0;
    for (let depth = 0; ; depth++) {
      const node = nodes[depth] as HamtNode;
      const slot = slotAt(layout, hash, depth);
      const place = placeOf(node, slot);
      if (!isTaken(node, slot) || !isLink(layout, node, place)) {
        places.push(place);
        if (isTaken(node, slot)) [known, passed] = this.#placeInBucket(node, place, key);
        break;
      }
      places.push(place + 1);
      nodes.push(node.children?.[place] ?? loadNode(yield cidAt(layout, node, place), layout, depth + 1));
    }
    if (this.#exact && !known) throw new HamtError("hamt/start-absent", { key: toHex(key) });
    this.#passed = passed;
    this.#nodes.splice(0, 1, ...nodes);
    this.#places.splice(0, 1, ...places);
    this.#start = undefined;
  }

  /** Whether a bucket has a key, and how many of its entries come before the start. */
  #placeInBucket(node: HamtNode, place: number, key: Uint8Array): [boolean, number] {
    const { prefix, version } = this.#layout;
    const { bytes } = node;
    const at = (node.starts[place] as number) + prefix;
    const count = (bytes[at] as number) & 31;
    let before = 0;
    let entry = at + 1;
    for (let i = 0; i < count; i++) {
      const length = lengthAt(bytes, entry + 1);
      const keyStart = entry + 1 + headLength(length);
      const order = compareBytes(bytes.subarray(keyStart, keyStart + length), key);
      if (order === 0) return [true, this.#behind ? i + 1 : i];
      if (order < 0) before = i + 1;
      entry = itemEnd(bytes, keyStart + length);
    }
    // buckets of version 0 have no order that would tell where a key would be
    return [false, version === 0 ? 0 : before];
  }
}

/** A node of a walk without order, or where to get it. */
export interface WalkTask {
  readonly node: HamtNode | CidBytes;
  readonly depth: number;
}

/** Reads one node: appends its entries and its children. */
export function* walkStep<T>(
  layout: Layout,
  read: ReadEntry<T>,
  task: WalkTask,
  found: T[],
  tasks: WalkTask[],
): Fetching<void> {
  const { depth } = task;
  if (depth >= layout.maxDepth) throw new HamtError("hamt/too-deep", { depth, limit: layout.maxDepth });
  const node = task.node instanceof Uint8Array ? loadNode(yield task.node, layout, depth) : task.node;
  const { bytes, starts } = node;
  for (let place = 0; place < countOf(node); place++) {
    if (isLink(layout, node, place)) {
      tasks.push({ node: node.children?.[place] ?? cidAt(layout, node, place), depth: depth + 1 });
      continue;
    }
    for (const { keyStart, keyEnd, end } of entriesAt(bytes, (starts[place] as number) + layout.prefix)) {
      found.push(read(node, keyStart, keyEnd, end));
    }
  }
}
