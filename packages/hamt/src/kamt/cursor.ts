import { type CidBytes, type Codec, decode, type Fetching } from "@copse/ipld";
import { bitsOf, bitsOfExtension, matchedBits } from "./extension.ts";
import { hashOf, type Layout } from "./layout.ts";
import { type Entry, type KamtNode, loadNode, type Pointer, placeOf, pointerAt } from "./node.ts";

/** A key and its value. */
export type KamtEntry<K, V> = readonly [key: K, value: V];

/** Where a walk begins. */
export interface KamtRange<K> {
  /** The first key, or where it would be. */
  readonly from?: K | undefined;
  /** As `from`, without that key itself: to go on after a page. */
  readonly after?: K | undefined;
}

/** The value of an entry. */
export function decodeValue<K, V>(codec: Codec<V>, entry: Entry<K>): V {
  return decode(codec, entry.source.subarray(entry.valueAt, entry.end));
}

/**
 * A walk through a KAMT in the order of its keys' hashes, some entries at a time; those of one bucket stand in the order
 * of the keys.
 *
 * Bound: the nodes from the root to the current one; those it loads are not kept by the tree. A tree changed during a
 * walk may show either state.
 *
 * @see ref-fvm:ipld/kamt/src/iter.rs
 */
export class KamtCursor<K, V> {
  readonly #codec: Codec<V>;
  readonly #layout: Layout<K>;
  readonly #path: { readonly node: KamtNode<K>; at: number }[];
  #range: KamtRange<K> | undefined;

  /** @internal */
  constructor(codec: Codec<V>, layout: Layout<K>, root: KamtNode<K>, range?: KamtRange<K>) {
    this.#codec = codec;
    this.#layout = layout;
    this.#path = [{ node: root, at: 0 }];
    this.#range = range;
  }

  /**
   * The next entries, those of up to a node; `undefined` at the end.
   *
   * @throws {KamtError} a node is none
   */
  *next(): Fetching<readonly KamtEntry<K, V>[] | undefined> {
    const found: KamtEntry<K, V>[] = [];
    if (this.#range !== undefined) {
      yield* this.#seek(this.#range, found);
      this.#range = undefined;
    }
    for (;;) {
      const frame = this.#path[this.#path.length - 1];
      if (frame === undefined) return found.length > 0 ? found : undefined;
      const pointer = frame.node.pointers[frame.at];
      if (pointer?.bucket !== undefined) {
        frame.at++;
        for (const entry of pointer.bucket) found.push([entry.key, decodeValue(this.#codec, entry)]);
        continue;
      }
      if (found.length > 0) return found; // before a block is asked for
      frame.at++;
      if (pointer === undefined) this.#path.pop();
      else yield* this.#enter(pointer);
    }
  }

  *#enter(pointer: Pointer<K>): Fetching<void> {
    const node = pointer.node ?? loadNode(yield pointer.cid as CidBytes, this.#layout, this.#path.length);
    this.#path.push({ node, at: 0 });
  }

  /** Goes to the place of a key; gives what its bucket holds from there on. */
  *#seek(range: KamtRange<K>, found: KamtEntry<K, V>[]): Fetching<void> {
    const skipsEqual = range.after !== undefined;
    const key = range.after ?? range.from;
    if (key === undefined) return;
    const { bitWidth, compare } = this.#layout;
    const hash = hashOf(this.#layout, key);
    this.#path.length = 1; // a walk that failed here begins again
    for (let bit = 0; ; ) {
      const frame = this.#path[this.#path.length - 1] as { readonly node: KamtNode<K>; at: number };
      const slot = bitsOf(hash, bit, bitWidth);
      frame.at = placeOf(frame.node, slot);
      const pointer = pointerAt(frame.node, slot);
      if (pointer === undefined) return;
      bit += bitWidth;
      if (pointer.bucket !== undefined) {
        frame.at++;
        for (const entry of pointer.bucket) {
          const order = compare(entry.key, key);
          if (order > 0 || (order === 0 && !skipsEqual)) found.push([entry.key, decodeValue(this.#codec, entry)]);
        }
        return;
      }
      const { extension } = pointer;
      const matched = matchedBits(extension, hash, bit, bitWidth);
      if (matched < extension.length) {
        const isBefore = bitsOfExtension(extension, matched, bitWidth) < bitsOf(hash, bit + matched, bitWidth);
        if (isBefore) frame.at++;
        return;
      }
      bit += matched;
      yield* this.#enter(pointer);
      frame.at++;
    }
  }
}
