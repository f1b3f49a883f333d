import type { CidBytes, Fetching } from "@copse/ipld";
import { toHex } from "@copse/primitives";
import { Room } from "../room.ts";
import { type Entry, keyOf, valueOfEntry } from "./entry.ts";
import { KamtError } from "./errors.ts";
import { bitsOf, bitsOfExtension, matchedBits } from "./extension.ts";
import { hashOf, type Layout } from "./layout.ts";
import { loadNode, placeOf, pointerAt } from "./node.ts";
import type { KamtNode, Pointer, Side } from "./pointer.ts";

/** A key and its value. */
export type KamtEntry<V, K> = readonly [key: K, value: V];

/** Where a walk begins. */
export interface KamtRange<K> {
  /** The first key, or where it would be. */
  readonly from?: K | undefined;
  /** As `from`, without that key itself: to go on after a page. */
  readonly after?: K | undefined;
  /** Refuse a key that is not there, as the reference does: `kamt/start-absent`. */
  readonly exact?: boolean | undefined;
}

/** A node of the way to where a walk is, and the place of its next pointer. */
interface Frame<K> {
  readonly node: KamtNode<K>;
  at: number;
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
export class KamtCursor<V, K> {
  readonly #layout: Layout<K, V>;
  readonly #path: Frame<K>[];
  readonly #room: Room = new Room();
  #range: KamtRange<K> | undefined;

  /** @internal */
  constructor(layout: Layout<K, V>, root: KamtNode<K>, range?: KamtRange<K>) {
    this.#layout = layout;
    this.#path = [{ node: root, at: 0 }];
    this.#range = range;
  }

  /**
   * The next entries, those of up to a node; `undefined` at the end.
   *
   * @throws {KamtError} a node is none
   */
  *next(): Fetching<readonly KamtEntry<V, K>[] | undefined> {
    const found: KamtEntry<V, K>[] = [];
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
        for (const entry of pointer.bucket) found.push(this.#read(entry));
        continue;
      }
      if (found.length > 0) return found; // before a block is asked for
      frame.at++;
      if (pointer === undefined) this.#path.pop();
      else yield* this.#enter(pointer);
    }
  }

  #read(entry: Entry<K>): KamtEntry<V, K> {
    return [keyOf(this.#layout, entry), valueOfEntry(this.#layout, entry)];
  }

  *#enter(pointer: Pointer<K>): Fetching<void> {
    const node = pointer.node ?? loadNode(yield pointer.cid as CidBytes, this.#layout, this.#path.length, this.#room);
    this.#path.push({ node, at: 0 });
  }

  /** Goes to the place of a key; gives what its bucket holds from there on. */
  *#seek({ from, after, exact }: KamtRange<K>, found: KamtEntry<V, K>[]): Fetching<void> {
    const key = after ?? from;
    if (key === undefined) return;
    const { bitWidth, compare } = this.#layout;
    const hash = hashOf(this.#layout, key);
    this.#path.length = 1; // a walk that failed here begins again
    let isThere = false;
    for (let bit = 0; ; ) {
      const frame = this.#path[this.#path.length - 1] as Frame<K>;
      const slot = bitsOf(hash, bit, bitWidth);
      frame.at = placeOf(frame.node, slot);
      const pointer = pointerAt(frame.node, slot);
      if (pointer === undefined) break;
      bit += bitWidth;
      if (pointer.bucket !== undefined) {
        frame.at++;
        for (const entry of pointer.bucket) {
          const order = compare(keyOf(this.#layout, entry), key);
          isThere ||= order === 0;
          if (order > 0 || (order === 0 && after === undefined)) found.push(this.#read(entry));
        }
        break;
      }
      const { extension } = pointer;
      const matched = matchedBits(extension, hash, bit, bitWidth);
      if (matched < extension.length) {
        const isBefore = bitsOfExtension(extension, matched, bitWidth) < bitsOf(hash, bit + matched, bitWidth);
        if (isBefore) frame.at++;
        break;
      }
      bit += matched;
      yield* this.#enter(pointer);
      frame.at++;
    }
    if (exact === true && !isThere) throw new KamtError("kamt/start-absent", { hash: toHex(hash) });
  }
}

/** The entries of a node, and what its links lead to. */
export function* entriesOf<V, K>(
  layout: Layout<K, V>,
  { pointer, depth }: Side<K>,
  found: KamtEntry<V, K>[],
  more: Side<K>[],
  room: Room,
): Fetching<void> {
  const link = pointer as Pointer<K>;
  const node = link.node ?? loadNode(yield link.cid as CidBytes, layout, depth, room);
  for (const below of node.pointers) {
    if (below.bucket === undefined) more.push({ pointer: below, depth: depth + 1 });
    else for (const entry of below.bucket) found.push([keyOf(layout, entry), valueOfEntry(layout, entry)]);
  }
}
