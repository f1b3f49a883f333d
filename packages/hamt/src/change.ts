import {
  bucketLength,
  compareKeys,
  compareRanges,
  entriesAt,
  entryLength,
  headLength,
  itemEnd,
  lengthAt,
  type RawEntry,
  rawEntry,
  valueStart,
  writeBucket,
  writeEntry,
} from "./bucket.ts";
import { buildNode, type Hashed } from "./build.ts";
import { type Layout, slotAt } from "./layout.ts";
import {
  copyNode,
  countOf,
  type HamtNode,
  insertChild,
  insertPointer,
  isLink,
  isTaken,
  linkTo,
  openGap,
  placeOf,
  removePointer,
  resizeAt,
  writePrefix,
} from "./node.ts";
import type { Room } from "./room.ts";

/** A change on its way: its key, the key's hash, the value's CBOR, and whose nodes may be changed in place, and where those get their bytes. */
export interface Change {
  readonly layout: Layout;
  readonly owner: object;
  readonly room: Room;
  readonly key: Uint8Array;
  readonly hash: Uint8Array;
  readonly value: Uint8Array;
  /** Where the key's entry starts in the node that has it; -1 where none has. */
  readonly entry: number;
}

/**
 * Gives a key its value, in a node of the change's owner all of whose children on the way are in memory.
 *
 * @throws {HamtError} `hamt/too-deep` when more keys than a bucket holds have the same hash; nothing has changed then
 */
export function insertInto(node: HamtNode, depth: number, change: Change): void {
  const { layout, owner, room, key, hash, value } = change;
  const slot = slotAt(layout, hash, depth);
  if (!isTaken(node, slot)) {
    if (depth < layout.minDataDepth) {
      insertChild(
        layout,
        room,
        node,
        slot,
        buildNode(layout, owner, room, [{ entry: rawEntry(key, value), hash }], depth + 1),
      );
    } else {
      const at = insertPointer(room, node, slot, layout.prefix + 1 + entryLength(key, value));
      if (layout.prefix > 0) writePrefix(node.bytes, at, 0x31);
      node.bytes[at + layout.prefix] = 0x81;
      writeEntry(node.bytes, at + layout.prefix + 1, key, value);
    }
  } else {
    const place = placeOf(node, slot);
    if (node.children?.[place] !== undefined) {
      const child = ownChild(node, place, owner, room);
      const { changed } = child;
      insertInto(child, depth + 1, change);
      if (!changed) linkTo(layout, room, node, place, child); // else the link is a gap already
    } else {
      insertEntry(node, place, depth, change);
    }
  }
  node.changed = true;
  node.told = undefined;
}

function insertEntry(node: HamtNode, place: number, depth: number, change: Change): void {
  const { layout, owner, room, key, hash, value, entry: known } = change;
  const at = (node.starts[place] as number) + layout.prefix;
  if (known >= 0) {
    const from = valueStart(node.bytes, known);
    const end = itemEnd(node.bytes, from);
    openGap(room, node, place, end, value.length - (end - from));
    node.bytes.set(value, from);
    return;
  }
  const count = (node.bytes[at] as number) & 31;
  if (count >= layout.bucketSize) {
    const all: Hashed[] = entriesAt(node.bytes, at).map((entry) => ({
      entry,
      hash: layout.hash(entry.bytes.slice(entry.keyStart, entry.keyEnd)),
    }));
    all.push({ entry: rawEntry(key, value), hash });
    linkTo(layout, room, node, place, buildNode(layout, owner, room, all, depth + 1));
    return;
  }
  let after = at + 1;
  for (let left = count; left > 0; left--) {
    const length = lengthAt(node.bytes, after + 1);
    const keyStart = after + 1 + headLength(length);
    if (compareRanges(node.bytes, keyStart, keyStart + length, key, 0, key.length) > 0) break;
    after = itemEnd(node.bytes, keyStart + length);
  }
  openGap(room, node, place, after, entryLength(key, value));
  writeEntry(node.bytes, after, key, value);
  node.bytes[at] = 0x80 | (count + 1);
}

/**
 * Takes away a key that is there, in a node of the change's owner all of whose children on the way are in memory. Nodes
 * that a bucket can stand for become one.
 */
export function removeFrom(node: HamtNode, depth: number, change: Change): void {
  const { layout, owner, room, hash, entry } = change;
  const slot = slotAt(layout, hash, depth);
  const place = placeOf(node, slot);
  if (node.children?.[place] !== undefined) {
    const child = ownChild(node, place, owner, room);
    const { changed } = child;
    removeFrom(child, depth + 1, change);
    const bucket = depth < layout.minDataDepth ? undefined : asBucket(layout, child);
    if (bucket !== undefined) {
      (node.children as (HamtNode | undefined)[])[place] = undefined;
      writeBucket(layout, node, resizeAt(room, node, place, bucketLength(layout, bucket)), bucket);
    } else if (countOf(child) === 0) {
      removePointer(node, slot);
    } else if (!changed) {
      linkTo(layout, room, node, place, child);
    }
  } else {
    const at = (node.starts[place] as number) + layout.prefix;
    const count = (node.bytes[at] as number) & 31;
    if (count === 1) {
      removePointer(node, slot);
    } else {
      const end = itemEnd(node.bytes, valueStart(node.bytes, entry));
      openGap(room, node, place, end, entry - end);
      node.bytes[at] = 0x80 | (count - 1);
    }
  }
  node.changed = true;
  node.told = undefined;
}

/** The entries of a node that one bucket can stand for: no children, and no more entries than a bucket holds. */
function asBucket(layout: Layout, node: HamtNode): RawEntry[] | undefined {
  const count = countOf(node);
  if (count > layout.bucketSize || count === 0) return undefined;
  const all: RawEntry[] = [];
  for (let place = 0; place < count; place++) {
    if (isLink(layout, node, place)) return undefined;
    all.push(...entriesAt(node.bytes, (node.starts[place] as number) + layout.prefix));
    if (all.length > layout.bucketSize) return undefined;
  }
  // go-hamt-ipld 0.1, which wrote the trees of version 0, left them in the order of their slots
  return layout.version === 0 ? all : all.sort(compareKeys);
}

/** A loaded child that the owner may change. */
function ownChild(node: HamtNode, place: number, owner: object, room: Room): HamtNode {
  const children = node.children as (HamtNode | undefined)[];
  const child = children[place] as HamtNode;
  if (child.owner === owner) return child;
  const copy = copyNode(child, owner, room);
  children[place] = copy;
  return copy;
}
