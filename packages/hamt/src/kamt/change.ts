import type { CidBytes, Fetching } from "@copse/ipld";
import { compareBytes } from "@copse/primitives";
import { buildPointer } from "./build.ts";
import { KamtError } from "./errors.ts";
import { bitsOf, bitsOfExtension, cutOut, joined, matchedBits } from "./extension.ts";
import { hashOf, type Layout } from "./layout.ts";
import {
  become,
  bucketOf,
  childOf,
  type Entry,
  emptyNode,
  insertAt,
  type KamtNode,
  loadNode,
  type Pointer,
  pointerAt,
  removeAt,
  slotsOf,
} from "./node.ts";

/** A link on the way to a key: the node that it stands in, in which slot and on which level, and the node it leads to. */
interface Step<K> {
  readonly from: KamtNode<K>;
  readonly slot: number;
  readonly depth: number;
  readonly pointer: Pointer<K>;
  readonly to: KamtNode<K>;
}

/** Where a key is, or would be. */
export interface Place<K> {
  readonly hash: Uint8Array;
  readonly steps: Step<K>[];
  /** The last node on the way, its level, and the key's slot there. */
  readonly node: KamtNode<K>;
  readonly depth: number;
  readonly slot: number;
  /** What the slot holds: a bucket, or a link whose extension the key does not have; `undefined` where it is free. */
  readonly pointer: Pointer<K> | undefined;
  /** Bits of the hash up to and with the slot. */
  readonly bit: number;
  /** Bits of the link's extension that the key has. */
  readonly matched: number;
}

/**
 * The way to a key's place. Levels count as in the reference: those that a link skips too, but for its own node's load.
 *
 * @see ref-fvm:ipld/kamt/src/node.rs modify_value, rm_value
 */
export function* placeOfKey<K>(layout: Layout<K>, root: KamtNode<K>, key: K): Fetching<Place<K>> {
  const { bitWidth } = layout;
  const hash = hashOf(layout, key);
  const steps: Step<K>[] = [];
  let node = root;
  let depth = 0;
  let bit = 0;
  for (;;) {
    const slot = bitsOf(hash, bit, bitWidth);
    const pointer = pointerAt(node, slot);
    bit += bitWidth;
    if (pointer === undefined || pointer.bucket !== undefined) {
      return { hash, steps, node, depth, slot, pointer, bit, matched: 0 };
    }
    const { extension } = pointer;
    const matched = extension.length === 0 ? 0 : matchedBits(extension, hash, bit, bitWidth);
    if (matched < extension.length) return { hash, steps, node, depth, slot, pointer, bit, matched };
    pointer.node ??= loadNode(yield pointer.cid as CidBytes, layout, depth + 1);
    steps.push({ from: node, slot, depth, pointer, to: pointer.node });
    node = pointer.node;
    depth += 1 + matched / bitWidth;
    bit += matched;
  }
}

/** The entry of a key at its place. */
export function entryOf<K>(layout: Layout<K>, place: Place<K>, key: K): Entry<K> | undefined {
  return place.pointer?.bucket?.find((held) => layout.compare(held.key, key) === 0);
}

/** Puts a new entry at its place. @throws {KamtError} `kamt/too-deep`, `kamt/extension-cut`; nothing has changed then */
export function insertInto<K>(layout: Layout<K>, place: Place<K>, entry: Entry<K>): void {
  const { hash, node, depth, slot, pointer, bit } = place;
  if (pointer === undefined) {
    insertAt(node, slot, buildPointer(layout, [{ entry, hash }], depth, bit));
  } else if (pointer.bucket === undefined) {
    become(pointer, splitLink(layout, place, entry, pointer));
  } else if (pointer.bucket.length < layout.maxArrayWidth) {
    const after = pointer.bucket.findIndex((other) => layout.compare(other.key, entry.key) > 0);
    pointer.bucket.splice(after < 0 ? pointer.bucket.length : after, 0, entry);
  } else {
    const all = pointer.bucket.map((other) => ({ entry: other, hash: hashOf(layout, other.key) }));
    all.push({ entry, hash });
    become(pointer, buildPointer(layout, all, depth, bit));
  }
}

/** A link to a node between, where the key and what the link leads to part. */
function splitLink<K>(layout: Layout<K>, place: Place<K>, entry: Entry<K>, link: Pointer<K>): Pointer<K> {
  const { hash, bit, matched } = place;
  const { bitWidth } = layout;
  const { extension, cid, node } = link;
  const slot = bitsOf(hash, bit + matched, bitWidth);
  const rest = matched + bitWidth;
  const between = emptyNode(layout);
  insertAt(between, bitsOfExtension(extension, matched, bitWidth), {
    bucket: undefined,
    cid,
    node,
    extension: cutOut(extension.path, rest, extension.length - rest),
  });
  insertAt(between, slot, bucketOf([entry]));
  return childOf(between, cutOut(extension.path, 0, matched));
}

/** Gives an entry another's value. @returns whether that is another value */
export function replaceIn<K>(place: Place<K>, known: Entry<K>, entry: Entry<K>): boolean {
  const value = entry.source.subarray(entry.valueAt, entry.end);
  if (compareBytes(known.source.subarray(known.valueAt, known.end), value) === 0) return false;
  const bucket = place.pointer?.bucket as Entry<K>[];
  bucket[bucket.indexOf(known)] = entry;
  return true;
}

/**
 * Takes an entry from its place and folds the nodes on the way that the tree is made without.
 *
 * @throws {KamtError} `kamt/node-empty` where no canonical tree has a node, `kamt/extension-cut`; nothing has changed then
 * @see ref-fvm:ipld/kamt/src/pointer.rs clean
 */
export function takeFrom<K>(layout: Layout<K>, place: Place<K>, entry: Entry<K>): void {
  const { steps, node, slot } = place;
  const bucket = place.pointer?.bucket as Entry<K>[];
  const last = steps[steps.length - 1];
  if (bucket.length > 1) {
    bucket.splice(bucket.indexOf(entry), 1);
  } else {
    if (last !== undefined && last.depth >= layout.minDataDepth) assertLeavesGood(layout, place, last);
    removeAt(node, slot);
  }
  for (const { pointer } of steps) pointer.cid = undefined;
  for (let i = steps.length - 1; i >= 0; i--) fold(layout, steps[i] as Step<K>);
}

/** Refuses, before anything has changed, what folding would fail at. */
function assertLeavesGood<K>(layout: Layout<K>, place: Place<K>, last: Step<K>): void {
  const { pointers } = place.node;
  if (pointers.length === 1) throw new KamtError("kamt/node-empty", { depth: place.depth });
  if (pointers.length > 2) return;
  const other = pointers.find((pointer) => pointer !== place.pointer) as Pointer<K>;
  if (other.bucket === undefined) joined(last.pointer.extension, 0, layout.bitWidth, other.extension);
}

function fold<K>(layout: Layout<K>, { from, slot, depth, pointer, to }: Step<K>): void {
  if (depth < layout.minDataDepth) {
    if (to.pointers.length === 0) removeAt(from, slot); // it was there to keep values from the levels above
    return;
  }
  const only = to.pointers.length === 1 ? (to.pointers[0] as Pointer<K>) : undefined;
  if (only !== undefined && only.bucket === undefined) {
    const below = (slotsOf(to)[0] as number) & (layout.width - 1);
    const extension = joined(pointer.extension, below, layout.bitWidth, only.extension);
    become(pointer, { bucket: undefined, cid: only.cid, node: only.node, extension });
    return;
  }
  const entries: Entry<K>[] = [];
  for (const { bucket } of to.pointers) {
    if (bucket === undefined || entries.length + bucket.length > layout.maxArrayWidth) return;
    entries.push(...bucket);
  }
  if (entries.length > 1) entries.sort((a, b) => layout.compare(a.key, b.key));
  become(pointer, bucketOf(entries));
}
