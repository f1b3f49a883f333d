import { CborWriter, type CidBytes, type Codec, cidOf } from "@copse/ipld";
import { compareBytes, equalBytes, toHex } from "@copse/primitives";
import { HamtError } from "./errors.ts";
import { bucketSize, type HamtOptions, type Layout, layoutOf, slotAt } from "./layout.ts";
import { bucketOf, childOf, type Entry, emptyNode, encodeNode, type HamtNode, insertAt } from "./node.ts";

/** A root and the blocks that are new since the tree was loaded or last flushed: children first, the root last. */
export interface HamtFlush {
  readonly root: CidBytes;
  readonly blocks: readonly (readonly [cid: CidBytes, block: Uint8Array])[];
}

/** An entry on its way into a tree. */
export interface Hashed {
  readonly entry: Entry;
  readonly hash: Uint8Array;
}

/**
 * The HAMT of entries that are all at hand: the root that setting one after another would give, made node by node.
 *
 * Cost: a hash a key and a node; each value is encoded once.
 *
 * @throws {HamtError} `hamt/bit-width-unsupported`, `hamt/key-twice`, `hamt/too-deep`
 * @example
 * toCid(hamtRoot([], linkCodec, { version: 3 }).root).toString()
 * // => "bafy2bzaceamp42wmmgr2g2ymg46euououzfyck7szknvfacqscohrvaikwfay"
 */
export function hamtRoot<V>(
  entries: Iterable<readonly [key: Uint8Array, value: V]>,
  codec: Codec<V>,
  options: HamtOptions,
): HamtFlush {
  const layout = layoutOf(options);
  const hashed: Hashed[] = [];
  const writer = new CborWriter();
  for (const [key, value] of entries) {
    codec.encode(writer, value);
    hashed.push({ entry: { key, value: writer.finish() }, hash: layout.hash(key) });
  }
  return flushTree(layout, buildNode(layout, hashed, 0));
}

/**
 * The node at `depth` of entries whose hashes agree up to there.
 *
 * @throws {HamtError} `hamt/key-twice`, `hamt/too-deep` when more than a bucket's worth of keys have the same hash
 */
export function buildNode(layout: Layout, entries: readonly Hashed[], depth: number): HamtNode {
  const slots: Hashed[][] = [];
  for (const one of entries) {
    const slot = slotAt(layout, one.hash, depth);
    const held = slots[slot];
    if (held === undefined) slots[slot] = [one];
    else held.push(one);
  }
  const node = emptyNode(layout);
  slots.forEach((held, slot) => {
    const fits = held.length <= bucketSize;
    insertAt(node, slot, fits ? bucketOf(sorted(held)) : childOf(buildNode(layout, held, depth + 1)));
  });
  return node;
}

function sorted(held: readonly Hashed[]): Entry[] {
  const bucket = held.map(({ entry }) => entry).sort((a, b) => compareBytes(a.key, b.key));
  for (let i = 1; i < bucket.length; i++) {
    const key = (bucket[i] as Entry).key;
    if (equalBytes((bucket[i - 1] as Entry).key, key)) throw new HamtError("hamt/key-twice", { key: toHex(key) });
  }
  return bucket;
}

/** Gives every changed node of a tree its CID, and the root too; the new blocks, children first. */
export function flushTree(layout: Layout, root: HamtNode): HamtFlush {
  const writer = new CborWriter(4096);
  const blocks: [CidBytes, Uint8Array][] = [];
  const put = (node: HamtNode): CidBytes => {
    for (const pointer of node.pointers) {
      if (pointer.cid === undefined && pointer.node !== undefined) pointer.cid = put(pointer.node);
    }
    encodeNode(writer, layout, node);
    const block = writer.finish();
    const cid = cidOf(block);
    blocks.push([cid, block]);
    return cid;
  };
  return { root: put(root), blocks };
}
