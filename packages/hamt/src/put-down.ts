import { CborReader, type Codec } from "@copse/ipld";
import { headLength, itemEnd, lengthAt } from "./bucket.ts";
import { roomyKey } from "./key-room.ts";
import type { KeyCodec } from "./keys.ts";
import type { HamtNode } from "./node.ts";
import { furthestKey, packedKey, type Told } from "./told.ts";

/**
 * What a node in memory tells, or `undefined` where that is to be read from it: a first walk, values or keys
 * that could be changed, an entry that cannot be decoded, as the walk will find when it comes to it, or keys over 64 bytes.
 */
export function toldBy<V, K>(
  node: HamtNode,
  place: number,
  prefix: number,
  codec: Codec<V>,
  keys: KeyCodec<K> | undefined,
): Told | undefined {
  const { told } = node;
  if (typeof told === "object") return told;
  if (told === "never" || place > 0) return undefined; // a walk that comes back from a child has been here before
  if (told === undefined) {
    node.told = "next time";
    return undefined;
  }
  node.told = "never";
  try {
    const made = putDown(node, prefix, codec, keys);
    if (made !== undefined) node.told = made;
    return made;
  } catch {
    return undefined;
  }
}

function putDown<V, K>(
  { bytes, starts }: HamtNode,
  prefix: number,
  codec: Codec<V>,
  keys: KeyCodec<K> | undefined,
): Told | undefined {
  const told: unknown[] = [viewOf(bytes.buffer), keys === undefined ? 2 : 3];
  const reader = new CborReader(bytes);
  for (let place = 0; place < starts.length - 1; place++) {
    let at = (starts[place] as number) + prefix;
    const head = bytes[at++] as number;
    if (head >> 5 === 6) {
      told.push(-1 - place, undefined);
      if (keys !== undefined) told.push(undefined);
      continue;
    }
    for (let left = head & 31; left > 0; left--) {
      const length = lengthAt(bytes, at + 1);
      const keyStart = at + 1 + headLength(length);
      const keyEnd = keyStart + length;
      at = itemEnd(bytes, keyEnd);
      if (length > roomyKey || bytes.byteOffset + keyEnd > furthestKey) return undefined;
      reader.offset = keyEnd;
      const value = codec.decode(reader);
      if (reader.offset !== at || !isFixed(value)) return undefined;
      told.push(packedKey(bytes.byteOffset + keyStart, length), value);
      if (keys === undefined) continue;
      const key = keys.decode(bytes.slice(keyStart, keyEnd));
      if (!isFixed(key)) return undefined;
      told.push(key);
    }
  }
  return told.slice(); // without the room that was left to grow
}

/** Views of slabs, which many nodes share. */
const views: WeakMap<ArrayBufferLike, DataView> = new WeakMap();

function viewOf(buffer: ArrayBufferLike): DataView {
  let view = views.get(buffer);
  if (view === undefined) {
    view = new DataView(buffer);
    views.set(buffer, view);
  }
  return view;
}

/** Whether nobody can change a value. */
const isFixed = (value: unknown): boolean =>
  value === null || (typeof value !== "object" && typeof value !== "function");
