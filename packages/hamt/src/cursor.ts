import { type CidBytes, type Codec, decode, type Fetching } from "@copse/ipld";
import { HamtError } from "./errors.ts";
import type { Layout } from "./layout.ts";
import { type HamtNode, loadNode } from "./node.ts";

/** A key and its value. */
export type HamtEntry<V> = readonly [key: Uint8Array, value: V];

/**
 * A walk through a HAMT in the order of its slots, a bucket at a time.
 *
 * Bound: the nodes from the root to the current one; those it loads are not kept by the tree. A tree changed during a
 * walk may show either state.
 */
export class HamtCursor<V> {
  readonly #codec: Codec<V>;
  readonly #layout: Layout;
  readonly #path: { readonly node: HamtNode; at: number }[];

  /** @internal */
  constructor(codec: Codec<V>, layout: Layout, root: HamtNode) {
    this.#codec = codec;
    this.#layout = layout;
    this.#path = [{ node: root, at: 0 }];
  }

  /**
   * The entries of the next bucket, up to three; `undefined` at the end. Keys are copies.
   *
   * @throws {HamtError} a node is none
   */
  *next(): Fetching<readonly HamtEntry<V>[] | undefined> {
    for (;;) {
      const depth = this.#path.length;
      const frame = this.#path[depth - 1];
      if (frame === undefined) return undefined;
      const pointer = frame.node.pointers[frame.at++];
      if (pointer === undefined) {
        this.#path.pop();
        continue;
      }
      if (pointer.bucket !== undefined) {
        return pointer.bucket.map(({ key, value }) => [key.slice(), decode(this.#codec, value)]);
      }
      if (depth >= this.#layout.maxDepth) throw new HamtError("hamt/too-deep", { depth, limit: this.#layout.maxDepth });
      const node = pointer.node ?? loadNode(yield pointer.cid as CidBytes, this.#layout, depth);
      this.#path.push({ node, at: 0 });
    }
  }
}
