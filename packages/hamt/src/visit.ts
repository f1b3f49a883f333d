import { CborReader, type Codec } from "@copse/ipld";
import { headLength, itemEnd, lengthAt } from "./bucket.ts";
import { type KeyRoom, roomyKey } from "./key-room.ts";
import { type KeyCodec, keyOfBytes } from "./keys.ts";
import type { HamtNode } from "./node.ts";
import type { NodeWalk } from "./node-walk.ts";
import { toldBy } from "./put-down.ts";
import { alone } from "./read-entry.ts";
import { keyLengthOf, keyStartOf, type Told } from "./told.ts";

/** Who is told the entries of a walk, and how far it went. */
export interface Visitor<V, K> {
  readonly codec: Codec<V>;
  readonly keys: KeyCodec<K> | undefined;
  readonly visit: (key: K, value: V) => unknown;
  readonly room: KeyRoom;
  readonly limit: number;
  visited: number;
  /** The visitor or the limit ended the walk. */
  ended: boolean;
  /** Key of the entry that would have come next, where the limit did. */
  next: K | undefined;
}

/**
 * Tells the entries of the buckets that a walk comes to until a block is needed, the walk is at its end, or the visitor
 * ended it; where it stopped in a bucket is lost then. In one loop without a call for each step, as that is what a walk in
 * memory costs.
 */
export function visitLoaded<V, K>(walk: NodeWalk, to: Visitor<V, K>): void {
  const { nodes, places } = walk;
  const { prefix } = walk.layout;
  while (nodes.length > 0) {
    const top = nodes.length - 1;
    const node = nodes[top] as HamtNode;
    const place = places[top] as number;
    const told = toldBy(node, place, prefix, to.codec, to.keys);
    const first = told === undefined ? -1 : indexOf(told, place);
    const next = first < 0 ? visitNode(to, node, prefix, place) : visitTold(to, told as Told, first);
    if (to.ended) return;
    if (next < 0) {
      nodes.pop();
      places.pop();
      continue;
    }
    places[top] = next;
    const child = node.children?.[next];
    if (child === undefined) return;
    walk.enter(child);
  }
}

/** Where in what a node tells a place is; -1 where a walk started at that place. */
function indexOf(told: Told, place: number): number {
  if (place === 0) return 2;
  const step = told[1] as number;
  // what was told before is the link of place - 1, and each pointer before that has told one entry or more
  for (let i = 2 + step * (place - 1); i < told.length; i += step) if (told[i] === -place) return i + step;
  return -1;
}

/** Tells entries that were put down, up to a link; gives its place, or -1 at the end. */
function visitTold<V, K>(to: Visitor<V, K>, told: Told, first: number): number {
  const { visit, room, limit } = to;
  const { lent, words } = room;
  const view = told[0] as DataView;
  const step = told[1] as number;
  const end = view.byteLength - 3;
  let { visited } = to;
  let next = -1;
  for (let i = first; i < told.length; i += step) {
    const packed = told[i] as number;
    if (packed < 0) {
      next = -1 - packed;
      break;
    }
    let key: K;
    if (step === 3) key = told[i + 2] as K;
    else {
      const start = keyStartOf(packed);
      const length = keyLengthOf(packed);
      const bytes = lent?.[length];
      if (bytes !== undefined && start + length <= end) {
        for (let at = 0; at < length; at += 4) words.setInt32(at, view.getInt32(start + at));
        key = bytes as K;
      } else key = room.copy(view, start, length) as K;
    }
    if (visited === limit) {
      to.next = key;
      to.ended = true;
      break;
    }
    visited++;
    if (visit(key, told[i + 1] as V) === false) {
      to.ended = true;
      break;
    }
  }
  to.visited = visited;
  return next;
}

/** Tells the entries of a node from a place on, up to a link; gives its place, or -1 at the end. */
function visitNode<V, K>(to: Visitor<V, K>, { bytes, starts }: HamtNode, prefix: number, from: number): number {
  const last = starts.length - 1;
  const reader = new CborReader(bytes);
  for (let place = from; place < last; place++) {
    const start = (starts[place] as number) + prefix;
    const head = bytes[start] as number;
    if (head >> 5 === 6) return place;
    if (!visitBucket(to, reader, start, head & 31)) break;
  }
  return -1;
}

/** Tells the entries of a bucket; false where the walk is to end. */
function visitBucket<V, K>(to: Visitor<V, K>, reader: CborReader, start: number, count: number): boolean {
  const bytes = reader.source;
  const { codec } = to;
  let at = start + 2;
  for (let left = count; left > 0; left--) {
    const head = bytes[at] as number;
    // nearly all keys are short
    const length = head < 0x58 ? head & 31 : lengthAt(bytes, at);
    const keyStart = at + (head < 0x58 ? 1 : headLength(length));
    const keyEnd = keyStart + length;
    const key = keyAt(to, bytes, keyStart, length);
    if (to.visited === to.limit) {
      to.next = key;
      to.ended = true;
      return false;
    }
    reader.offset = keyEnd;
    let value = codec.decode(reader);
    // and most values are small numbers
    const first = bytes[keyEnd] as number;
    const end = first < 0x18 ? keyEnd + 1 : first === 0x19 ? keyEnd + 3 : itemEnd(bytes, keyEnd);
    if (reader.offset !== end) value = alone(codec, bytes, keyEnd, end);
    to.visited++;
    if (to.visit(key, value) === false) {
      to.ended = true;
      return false;
    }
    at = end + 1;
  }
  return true;
}

function keyAt<V, K>({ room, keys }: Visitor<V, K>, bytes: Uint8Array, start: number, length: number): K {
  if (length > roomyKey) return keyOfBytes(keys, bytes.slice(start, start + length));
  const key = room.take(length);
  for (let i = 0; i < length; i++) key[i] = bytes[start + i] as number;
  return keyOfBytes(keys, key);
}
