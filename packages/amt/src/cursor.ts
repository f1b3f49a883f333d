import { CborReader, type CidBytes, type Codec, decode, type Fetching } from "@copse/ipld";
import { capacity, type Index, type Layout, slotAt } from "./layout.ts";
import { type AmtNode, type Branch, decodeNode } from "./node.ts";

/** An index and its value. */
export type AmtEntry<V> = readonly [index: bigint, value: V];

interface Frame {
  readonly node: Branch;
  readonly height: number;
  /** Index of the node's first place. */
  readonly base: bigint;
  slot: number;
}

/**
 * A walk through an AMT in index order, a leaf at a time.
 *
 * Bound: the nodes from the root to the current leaf; those it loads are not kept by the tree. A tree changed during a
 * walk may show either state.
 */
export class AmtCursor<V> {
  readonly #codec: Codec<V>;
  readonly #layout: Layout;
  readonly #from: Index;
  readonly #path: Frame[] = [];
  #leaf: AmtNode | undefined;
  #leafBase = 0n;
  /** True until the first leaf: only there does the start lie within a node. */
  #first = true;

  /** @internal */
  constructor(codec: Codec<V>, layout: Layout, root: AmtNode, height: number, from: Index) {
    this.#codec = codec;
    this.#layout = layout;
    this.#from = from;
    if (BigInt(from) >= capacity(layout, height)) return;
    this.#enter(root, height, 0n);
  }

  /**
   * The values of the next leaf that holds any, in index order; `undefined` at the end.
   *
   * @throws {AmtError} a node is none
   */
  *next(): Fetching<readonly AmtEntry<V>[] | undefined> {
    for (;;) {
      if (this.#leaf !== undefined) {
        const entries = this.#entriesOf(this.#leaf, this.#leafBase);
        this.#leaf = undefined;
        if (entries.length > 0) return entries;
      }
      const frame = this.#path.at(-1);
      if (frame === undefined) return undefined;
      const slot = frame.slot++;
      if (slot >= this.#layout.width) {
        this.#path.pop();
        this.#first = false;
        continue;
      }
      const child = frame.node.links[slot];
      if (child === undefined) {
        this.#first = false;
        continue;
      }
      const height = frame.height - 1;
      const base = frame.base + (BigInt(slot) << BigInt(this.#layout.bitWidth * frame.height));
      const node = child.node ?? (yield* this.#load(child.cid as CidBytes, height));
      this.#enter(node, height, base);
    }
  }

  *#load(cid: CidBytes, height: number): Fetching<AmtNode> {
    const block: Uint8Array = yield cid;
    // a leaf's values are decoded before the next block is asked for, so it may stay a view
    return height === 0 ? viewNode(block, this.#layout, 0) : loadNode(block, this.#layout, height);
  }

  #enter(node: AmtNode, height: number, base: bigint): void {
    if (node.links === undefined) {
      this.#leaf = node;
      this.#leafBase = base;
    } else {
      const slot = this.#first ? slotAt(this.#layout, this.#from, height) : 0;
      this.#path.push({ node, height, base, slot });
    }
  }

  #entriesOf(leaf: AmtNode, base: bigint): AmtEntry<V>[] {
    const entries: AmtEntry<V>[] = [];
    const values = leaf.values ?? [];
    for (let slot = this.#first ? slotAt(this.#layout, this.#from, 0) : 0; slot < values.length; slot++) {
      const value = values[slot];
      if (value !== undefined) entries.push([base + BigInt(slot), decode(this.#codec, value)]);
    }
    this.#first = false;
    return entries;
  }
}

/**
 * A node from its block, which may change afterwards: the bytes are copied, once, and the values stay views of the copy.
 *
 * @internal
 */
export function loadNode(block: Uint8Array, layout: Layout, height: number): AmtNode {
  return viewNode(block.slice(), layout, height);
}

function viewNode(block: Uint8Array, layout: Layout, height: number): AmtNode {
  const reader = new CborReader(block);
  const node = decodeNode(reader, layout, height, false);
  reader.end();
  return node;
}
