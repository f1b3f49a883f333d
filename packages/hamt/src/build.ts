import { toHex } from "@copse/primitives";
import { bucketLength, compareKeys, type RawEntry, writeBucket } from "./bucket.ts";
import { HamtError } from "./errors.ts";
import { type Layout, slotAt } from "./layout.ts";
import { emptyNode, type HamtNode, insertChild, insertPointer } from "./node.ts";
import type { Room } from "./room.ts";

/** An entry on its way into a tree. */
export interface Hashed {
  readonly entry: RawEntry;
  readonly hash: Uint8Array;
}

/**
 * The node at `depth` of entries whose hashes agree up to there.
 *
 * @throws {HamtError} `hamt/key-twice`, `hamt/too-deep` when more than a bucket's worth of keys have the same hash
 */
export function buildNode(
  layout: Layout,
  owner: object,
  room: Room,
  entries: readonly Hashed[],
  depth: number,
): HamtNode {
  if (depth >= layout.maxDepth) {
    sorted(entries); // the same key over and over is another fault than keys of the same hash
    throw new HamtError("hamt/too-deep", { depth, limit: layout.maxDepth });
  }
  const slots: Hashed[][] = [];
  for (const one of entries) {
    const slot = slotAt(layout, one.hash, depth);
    const held = slots[slot];
    if (held === undefined) slots[slot] = [one];
    else held.push(one);
  }
  const node = emptyNode(layout, owner);
  slots.forEach((held, slot) => {
    if (held.length > layout.bucketSize || depth < layout.minDataDepth) {
      insertChild(layout, room, node, slot, buildNode(layout, owner, room, held, depth + 1));
    } else {
      const bucket = sorted(held);
      writeBucket(layout, node, insertPointer(room, node, slot, bucketLength(layout, bucket)), bucket);
    }
  });
  return node;
}

function sorted(held: readonly Hashed[]): RawEntry[] {
  const bucket = held.map(({ entry }) => entry).sort(compareKeys);
  for (let i = 1; i < bucket.length; i++) {
    const entry = bucket[i] as RawEntry;
    if (compareKeys(bucket[i - 1] as RawEntry, entry) === 0) {
      throw new HamtError("hamt/key-twice", { key: toHex(entry.bytes.subarray(entry.keyStart, entry.keyEnd)) });
    }
  }
  return bucket;
}
