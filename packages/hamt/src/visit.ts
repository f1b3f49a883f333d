import { CborReader, type Codec } from "@copse/ipld";
import { headLength, itemEnd, lengthAt } from "./bucket.ts";
import { type KeyCodec, keyOfBytes } from "./keys.ts";
import type { HamtNode } from "./node.ts";
import type { NodeWalk } from "./node-walk.ts";
import { alone } from "./read-entry.ts";

/** Who is told the entries of a walk, and how far it went. */
export interface Visitor<V, K> {
  readonly codec: Codec<V>;
  readonly keys: KeyCodec<K> | undefined;
  readonly visit: (key: K, value: V) => unknown;
  /** Keys that are lent, one array a length; `undefined` where each call gets one of its own. */
  readonly lent: Uint8Array[] | undefined;
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
    const { bytes, starts, children } = node;
    const last = starts.length - 1;
    const reader = new CborReader(bytes);
    let place = places[top] as number;
    let child: HamtNode | undefined;
    for (; place < last; place++) {
      child = children === undefined ? undefined : children[place];
      if (child !== undefined) break;
      const start = (starts[place] as number) + prefix;
      const head = bytes[start] as number;
      if (head >> 5 === 6) {
        places[top] = place;
        return;
      }
      if (!visitBucket(to, reader, start, head & 31)) return;
    }
    places[top] = place;
    if (child === undefined) {
      nodes.pop();
      places.pop();
    } else {
      walk.enter(child);
    }
  }
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

function keyAt<V, K>(to: Visitor<V, K>, bytes: Uint8Array, start: number, length: number): K {
  const { lent, keys } = to;
  if (length > 64) return keyOfBytes(keys, bytes.slice(start, start + length));
  let key: Uint8Array;
  if (lent === undefined)
    key = new Uint8Array(length); // copied by hand, this takes less than `slice`
  else key = lent[length] ??= new Uint8Array(length);
  for (let i = 0; i < length; i++) key[i] = bytes[start + i] as number;
  return keyOfBytes(keys, key);
}
