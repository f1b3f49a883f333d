import { equalBytes } from "@copse/primitives";
import { buildPointer } from "./build.ts";
import { type Entry, keyOf, valueBytes } from "./entry.ts";
import { KamtError } from "./errors.ts";
import { bitsOf, bitsOfExtension, cutOut, joined } from "./extension.ts";
import { hashOf, type Layout } from "./layout.ts";
import { emptyNode, insertAt, removeAt, slotsOf } from "./node.ts";
import type { Place, Step } from "./place.ts";
import { bucketOf, childOf, Pointer } from "./pointer.ts";

/** The entry of a key in a slot. */
export function entryOf<K>(layout: Layout<K>, pointer: Pointer<K> | undefined, key: K): Entry<K> | undefined {
  const bucket = pointer?.bucket;
  if (bucket === undefined) return undefined;
  for (const entry of bucket) if (layout.compare(keyOf(layout, entry), key) === 0) return entry;
  return undefined;
}

/** Puts a new entry at its place. @throws {KamtError} `kamt/too-deep`, `kamt/extension-cut`; nothing has changed then */
export function insertInto<K>(layout: Layout<K>, place: Place<K>, entry: Entry<K>): void {
  const { hash, node, depth, slot, pointer, bit } = place;
  if (pointer === undefined) {
    insertAt(node, slot, buildPointer(layout, [{ entry, hash }], depth, bit));
  } else if (pointer.bucket === undefined) {
    pointer.become(splitLink(layout, place, entry, pointer));
  } else if (pointer.bucket.length < layout.maxArrayWidth) {
    const key = keyOf(layout, entry);
    const after = pointer.bucket.findIndex((other) => layout.compare(keyOf(layout, other), key) > 0);
    pointer.bucket.splice(after < 0 ? pointer.bucket.length : after, 0, entry);
  } else {
    const all = pointer.bucket.map((other) => ({ entry: other, hash: hashOf(layout, keyOf(layout, other)) }));
    all.push({ entry, hash });
    pointer.become(buildPointer(layout, all, depth, bit));
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
  const tail = cutOut(extension.path, rest, extension.length - rest);
  insertAt(between, bitsOfExtension(extension, matched, bitWidth), new Pointer(undefined, cid, node, tail));
  insertAt(between, slot, bucketOf([entry]));
  return childOf(between, cutOut(extension.path, 0, matched));
}

/** Gives an entry another's value. @returns whether that is another value */
export function replaceIn<K>(place: Place<K>, known: Entry<K>, entry: Entry<K>): boolean {
  if (equalBytes(valueBytes(known), valueBytes(entry))) return false;
  const bucket = place.pointer?.bucket as Entry<K>[];
  bucket[bucket.indexOf(known)] = entry;
  return true;
}

/** Marks all links on the way as changed. */
export function markChanged<K>(place: Place<K>): void {
  for (let i = 0; i < place.count; i++) place.step(i).pointer.cid = undefined;
}

/**
 * Takes an entry from its place and folds the nodes on the way that the tree is made without.
 *
 * @throws {KamtError} `kamt/node-empty` where no canonical tree has a node, `kamt/extension-cut`; nothing has changed then
 * @see ref-fvm:ipld/kamt/src/pointer.rs clean
 */
export function takeFrom<K>(layout: Layout<K>, place: Place<K>, entry: Entry<K>): void {
  const { count, node, slot } = place;
  const bucket = place.pointer?.bucket as Entry<K>[];
  const last = count > 0 ? place.step(count - 1) : undefined;
  if (bucket.length > 1) {
    bucket.splice(bucket.indexOf(entry), 1);
  } else {
    if (last !== undefined && last.depth >= layout.minDataDepth) assertLeavesGood(layout, place, last);
    removeAt(node, slot);
  }
  markChanged(place);
  for (let i = count - 1; i >= 0; i--) fold(layout, place.step(i));
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
    pointer.become(only);
    pointer.extension = extension;
    return;
  }
  const entries: Entry<K>[] = [];
  for (const { bucket } of to.pointers) {
    if (bucket === undefined || entries.length + bucket.length > layout.maxArrayWidth) return;
    entries.push(...bucket);
  }
  if (entries.length > 1) entries.sort((a, b) => layout.compare(keyOf(layout, a), keyOf(layout, b)));
  pointer.become(bucketOf(entries));
}
