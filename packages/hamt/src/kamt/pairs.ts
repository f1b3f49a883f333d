import type { CidBytes, Fetching } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import type { Room } from "../room.ts";
import { type Entry, keyOf, valueBytes, valueOfEntry } from "./entry.ts";
import { bitsOf, bitsOfExtension, cutOut, type Extension, matchedBits } from "./extension.ts";
import { hashOf, type Layout } from "./layout.ts";
import { loadNode, slotsOf } from "./node.ts";
import { bucketOf, Pointer, type Side } from "./pointer.ts";

/** A key whose value is not the same in two trees; the side that does not have the key is left out. */
export interface KamtChange<V, K> {
  readonly key: K;
  readonly before?: V;
  readonly after?: V;
}

/** What two trees hold under the same first bits of a hash. */
export interface Pair<K> {
  readonly bit: number;
  readonly before: Side<K>;
  readonly after: Side<K>;
}

/** One side of a pair, laid out over the slots of a node that stands at the end of an extension. */
interface Spread<K> {
  /** What has lower bits than the extension, and higher ones. */
  readonly less: Side<K>;
  readonly slots: ReadonlyMap<number, Side<K>>;
  readonly more: Side<K>;
}

const nothing: Side<never> = { pointer: undefined, depth: 0 };

/** Whether a pair can be told apart without a block. */
export function isSettled<K>({ before, after }: Pair<K>): boolean {
  return !isLink(before.pointer) && !isLink(after.pointer);
}

function isLink<K>(pointer: Pointer<K> | undefined): pointer is Pointer<K> {
  return pointer !== undefined && pointer.bucket === undefined;
}

/** The changes of a settled pair, in the order of the keys. */
export function changesOf<V, K>(layout: Layout<K, V>, pair: Pair<K>): KamtChange<V, K>[] {
  const before = pair.before.pointer?.bucket ?? [];
  const after = pair.after.pointer?.bucket ?? [];
  const changes: KamtChange<V, K>[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const left = before[i];
    const right = after[j];
    if (left === undefined && right === undefined) return changes;
    const order =
      left === undefined ? 1 : right === undefined ? -1 : layout.compare(keyOf(layout, left), keyOf(layout, right));
    if (order <= 0) i++;
    if (order >= 0) j++;
    if (order < 0 && left !== undefined) changes.push({ key: keyOf(layout, left), before: valueOfEntry(layout, left) });
    else if (order > 0 && right !== undefined)
      changes.push({ key: keyOf(layout, right), after: valueOfEntry(layout, right) });
    else if (left !== undefined && right !== undefined && !isSameValue(left, right)) {
      changes.push({
        key: keyOf(layout, left),
        before: valueOfEntry(layout, left),
        after: valueOfEntry(layout, right),
      });
    }
  }
}

function isSameValue<K>(a: Entry<K>, b: Entry<K>): boolean {
  return equalBytes(valueBytes(a), valueBytes(b));
}

/**
 * What a pair comes down to, in the order of the hashes: nothing where both sides are the same subtree. Of two links
 * the one that skips fewer bits is opened, or both when they skip the same ones.
 *
 * @throws {KamtError} a node is none
 */
export function* pairsBelow<K>(layout: Layout<K>, pair: Pair<K>, room: Room): Fetching<Pair<K>[]> {
  const { before, after, bit } = pair;
  const left = before.pointer;
  const right = after.pointer;
  if (isLink(left) && isLink(right)) {
    if (isSameSubtree(left, right)) return [];
    const shared = sharedSteps(layout, left.extension, right.extension);
    if (shared === left.extension.length && shared === right.extension.length) {
      const slots = yield* open(layout, before, room);
      return paired(layout, bit + shared, spreadOf(slots), spreadOf(yield* open(layout, after, room)));
    }
  }
  const opensBefore = isLink(left) && !(isLink(right) && right.extension.length < left.extension.length);
  const { extension } = (opensBefore ? left : right) as Pointer<K>;
  const over = spreadOver(layout, opensBefore ? after : before, extension, bit);
  if (isLink(left) && isLink(right) && over.slots.size === 0) {
    // they part within the extension, so each subtree is on one side only
    const isLess = over.less.pointer !== undefined;
    const alone = [
      { bit, before, after: nothing },
      { bit, before: nothing, after },
    ];
    return opensBefore === isLess ? alone.reverse() : alone;
  }
  const opened = spreadOf(yield* open(layout, opensBefore ? before : after, room));
  const end = bit + extension.length;
  const below = opensBefore ? paired(layout, end, opened, over) : paired(layout, end, over, opened);
  const alone = (side: Side<K>): Pair<K>[] => {
    if (side.pointer === undefined) return [];
    return [opensBefore ? { bit, before: nothing, after: side } : { bit, before: side, after: nothing }];
  };
  return [...alone(over.less), ...below, ...alone(over.more)];
}

function isSameSubtree<K>(a: Pointer<K>, b: Pointer<K>): boolean {
  if (a.cid === undefined || b.cid === undefined || !equalBytes(a.cid, b.cid)) return false;
  return a.extension.length === b.extension.length && equalBytes(a.extension.path, b.extension.path);
}

/** How many bits two extensions share, in whole steps. */
function sharedSteps<K>({ bitWidth }: Layout<K>, a: Extension, b: Extension): number {
  const length = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < length && bitsOfExtension(a, shared, bitWidth) === bitsOfExtension(b, shared, bitWidth)) {
    shared += bitWidth;
  }
  return shared;
}

function* open<K>(layout: Layout<K>, { pointer, depth }: Side<K>, room: Room): Fetching<Map<number, Side<K>>> {
  const link = pointer as Pointer<K>;
  const node = link.node ?? loadNode(yield link.cid as CidBytes, layout, depth, room);
  const slots = new Map<number, Side<K>>();
  slotsOf(node).forEach((slot, i) => void slots.set(slot, { pointer: node.pointers[i], depth: depth + 1 }));
  return slots;
}

const spreadOf = <K>(slots: ReadonlyMap<number, Side<K>>): Spread<K> => ({ less: nothing, slots, more: nothing });

function paired<K>(layout: Layout<K>, bit: number, before: Spread<K>, after: Spread<K>): Pair<K>[] {
  const slots = new Set([...before.slots.keys(), ...after.slots.keys()]);
  return [...slots]
    .sort((a, b) => a - b)
    .map((slot) => ({
      bit: bit + layout.bitWidth,
      before: before.slots.get(slot) ?? nothing,
      after: after.slots.get(slot) ?? nothing,
    }));
}

/** Lays a side out over the node behind another's extension, which is no longer than its own. */
function spreadOver<K>(layout: Layout<K>, side: Side<K>, extension: Extension, bit: number): Spread<K> {
  const { pointer, depth } = side;
  if (pointer === undefined) return spreadOf(new Map());
  return pointer.bucket === undefined
    ? spreadLink(layout, pointer, depth, extension)
    : spreadBucket(layout, pointer.bucket, extension, bit);
}

function spreadLink<K>(layout: Layout<K>, link: Pointer<K>, depth: number, over: Extension): Spread<K> {
  const { bitWidth } = layout;
  const { extension } = link;
  const shared = sharedSteps(layout, extension, over);
  const side = { pointer: link, depth };
  if (shared < over.length) {
    const isLess = bitsOfExtension(extension, shared, bitWidth) < bitsOfExtension(over, shared, bitWidth);
    return { less: isLess ? side : nothing, slots: new Map(), more: isLess ? nothing : side };
  }
  const slot = bitsOfExtension(extension, shared, bitWidth);
  const rest = shared + bitWidth;
  const tail = new Pointer(undefined, link.cid, link.node, cutOut(extension.path, rest, extension.length - rest));
  return spreadOf(new Map([[slot, { pointer: tail, depth }]]));
}

function spreadBucket<K>(layout: Layout<K>, bucket: readonly Entry<K>[], over: Extension, bit: number): Spread<K> {
  const { bitWidth } = layout;
  const less: Entry<K>[] = [];
  const more: Entry<K>[] = [];
  const slots = new Map<number, Entry<K>[]>();
  for (const entry of bucket) {
    const hash = hashOf(layout, keyOf(layout, entry));
    const matched = matchedBits(over, hash, bit, bitWidth);
    if (matched < over.length) {
      const isLess = bitsOf(hash, bit + matched, bitWidth) < bitsOfExtension(over, matched, bitWidth);
      (isLess ? less : more).push(entry);
      continue;
    }
    const slot = bitsOf(hash, bit + matched, bitWidth);
    const held = slots.get(slot);
    if (held === undefined) slots.set(slot, [entry]);
    else held.push(entry);
  }
  const sideOf = (entries: Entry<K>[]): Side<K> =>
    entries.length === 0 ? nothing : { pointer: bucketOf(entries), depth: 0 };
  return {
    less: sideOf(less),
    slots: new Map([...slots].map(([slot, entries]) => [slot, sideOf(entries)])),
    more: sideOf(more),
  };
}
