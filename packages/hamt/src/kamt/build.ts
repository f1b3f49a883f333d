import { type CidBytes, cidOf, type TreeFlush } from "@copse/ipld";
import { toHex } from "@copse/primitives";
import { Room } from "../room.ts";
import { type Entry, EntryWriter, keyOf } from "./entry.ts";
import { KamtError } from "./errors.ts";
import { bitsOf, cutOut, noExtension, sharedBits } from "./extension.ts";
import { hashOf, type KamtCodec, type KamtOptions, type Layout, layoutOf } from "./layout.ts";
import { emptyNode, insertAt } from "./node.ts";
import { NodeEncoder } from "./node-encoder.ts";
import { bucketOf, childOf, type KamtNode, type Pointer } from "./pointer.ts";

/** What {@link TreeFlush} is, by its earlier name. */
export type KamtFlush = TreeFlush;

/** An entry on its way into a tree. */
export interface Hashed<K> {
  readonly entry: Entry<K>;
  readonly hash: Uint8Array;
}

/**
 * The KAMT of entries that are all at hand: the root that setting one after another would give, made node by node.
 *
 * Cost: a hash a key and a node; each value is encoded once.
 *
 * @throws {KamtError} `kamt/option-out-of-range`, `kamt/hash-length`, `kamt/key-twice`, `kamt/too-deep`
 * @example
 * kamtRoot([[0n, 7n]], u256Codec, evmStorage).blocks.length // => 1
 */
export function kamtRoot<V, K>(
  entries: Iterable<readonly [key: K, value: V]>,
  codec: KamtCodec<V>,
  options: KamtOptions<K>,
): KamtFlush {
  const layout = layoutOf(codec, options);
  const writer = new EntryWriter(layout);
  const hashed: Hashed<K>[] = [];
  for (const [key, value] of entries) {
    const entry = writer.write(key, value);
    hashed.push({ entry, hash: hashOf(layout, keyOf(layout, entry)) });
  }
  return flushTree(buildNode(layout, hashed, 0, 0), new Room());
}

/**
 * The node at `depth` of entries whose hashes agree in the first `bit` bits.
 *
 * @throws {KamtError} `kamt/key-twice`, `kamt/too-deep` when more than a bucket's worth of keys have the same hash
 */
export function buildNode<K>(
  layout: Layout<K>,
  entries: readonly Hashed<K>[],
  depth: number,
  bit: number,
): KamtNode<K> {
  const slots: Hashed<K>[][] = [];
  for (const one of entries) {
    const slot = bitsOf(one.hash, bit, layout.bitWidth);
    const held = slots[slot];
    if (held === undefined) slots[slot] = [one];
    else held.push(one);
  }
  const node = emptyNode(layout);
  slots.forEach((held, slot) => {
    insertAt(node, slot, buildPointer(layout, held, depth, bit + layout.bitWidth));
  });
  return node;
}

/** What a slot of a node at `depth` holds for entries whose hashes agree in the first `bit` bits. */
export function buildPointer<K>(layout: Layout<K>, held: readonly Hashed<K>[], depth: number, bit: number): Pointer<K> {
  const { bitWidth, minDataDepth, maxArrayWidth } = layout;
  if (depth < minDataDepth) return childOf(buildNode(layout, held, depth + 1, bit), noExtension);
  if (held.length <= maxArrayWidth) return bucketOf(sorted(layout, held));
  const first = (held[0] as Hashed<K>).hash;
  let shared = Math.max(0, layout.hashBits - bit);
  for (const { hash } of held) shared = sharedBits(first, bit, hash, bit, shared);
  if (bit + shared >= layout.hashBits) {
    sorted(layout, held); // a key that comes twice is the likelier reason
    throw new KamtError("kamt/too-deep", { bits: layout.hashBits });
  }
  shared -= shared % bitWidth;
  const below = buildNode(layout, held, depth + 1 + shared / bitWidth, bit + shared);
  return childOf(below, cutOut(first, bit, shared));
}

function sorted<K>(layout: Layout<K>, held: readonly Hashed<K>[]): Entry<K>[] {
  const { compare, keys } = layout;
  const bucket = held.map(({ entry }) => entry);
  if (bucket.length > 1) bucket.sort((a, b) => compare(keyOf(layout, a), keyOf(layout, b)));
  for (let i = 1; i < bucket.length; i++) {
    const key = keyOf(layout, bucket[i] as Entry<K>);
    if (compare(keyOf(layout, bucket[i - 1] as Entry<K>), key) !== 0) continue;
    throw new KamtError("kamt/key-twice", { hash: toHex(keys.hash(key)) });
  }
  return bucket;
}

/**
 * Gives every changed node of a tree its CID, and the root too; the new blocks, children first. The pointers that get one
 * are added to `changed`.
 */
export function flushTree<K>(root: KamtNode<K>, room: Room, changed: Pointer<K>[] = []): KamtFlush {
  const encoder = new NodeEncoder();
  const blocks: [CidBytes, Uint8Array][] = [];
  const put = (node: KamtNode<K>): CidBytes => {
    for (const pointer of node.pointers) {
      if (pointer.cid !== undefined || pointer.node === undefined) continue;
      pointer.cid = put(pointer.node);
      changed.push(pointer);
    }
    const encoded = encoder.encode(node);
    const block = room.copy(encoded, 0, encoded.length);
    const cid = cidOf(block);
    blocks.push([cid, block]);
    return cid;
  };
  return { root: put(root), blocks };
}
