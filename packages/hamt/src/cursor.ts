import {
  type AsyncBlockReader,
  blockMissing,
  type CidBytes,
  type Codec,
  type Fetching,
  runAsync,
  runSync,
  type SyncBlockReader,
} from "@copse/ipld";
import { type AbortOptions, compareBytes, toHex } from "@copse/primitives";
import { entriesAt } from "./bucket.ts";
import { HamtError } from "./errors.ts";
import { KeyRoom } from "./key-room.ts";
import { bytesOfKey, type KeyCodec } from "./keys.ts";
import { type Layout, slotAt } from "./layout.ts";
import { type HamtNode, isLink, isTaken, placeOf } from "./node.ts";
import { NodeWalk } from "./node-walk.ts";
import { EntryReader } from "./read-entry.ts";
import { type Visitor, visitLoaded } from "./visit.ts";

/** A key and its value. */
export type HamtEntry<V, K = Uint8Array> = readonly [key: K, value: V];

/**
 * Where a walk starts. The order of a HAMT is that of its slots, so of the keys' hashes; within a bucket that of the keys.
 *
 * A key that is not there is no fault: the walk starts where it would be. Where the tree has changed since the key was
 * met, entries that shared a bucket with it may be met again or not at all; a cursor that is kept goes on through the tree
 * as it was.
 */
export interface HamtStart<K = Uint8Array> {
  /** Start at this key. */
  readonly from?: K | undefined;
  /** Start behind this key. */
  readonly after?: K | undefined;
  /** Refuse a key that is not there, as ref-fvm does: `hamt/start-absent`. */
  readonly exact?: boolean | undefined;
}

/** How a walk visits entries. */
export interface HamtWalkOptions {
  /** Entries to visit at most. */
  readonly limit?: number | undefined;
  /**
   * Keys that are bytes are lent to each call: the same array is filled anew for the next key. Half of what a walk in
   * memory costs is the making of keys.
   */
  readonly lendKeys?: boolean | undefined;
}

/** How far a walk went, see `Hamt.walk`. */
export interface HamtWalked<K> {
  /** Entries that were visited. */
  readonly visited: number;
  /** Key of the entry that would have come next, where the limit ended the walk. */
  readonly next?: K;
}

/** What a walk gives of each entry. */
export type Wanted = "entries" | "keys" | "values";

/** Entries that are given at a time, at most. */
const batch = 128;

/**
 * A walk through a HAMT as it was when the walk began, in the order of its slots.
 *
 * Bound: the nodes from the root to the current one; those it loads are not kept by the tree.
 */
export class HamtCursor<V, K = Uint8Array> {
  readonly #walk: NodeWalk;
  readonly #reader: EntryReader<V, K>;
  readonly #codec: Codec<V>;
  readonly #keys: KeyCodec<K> | undefined;
  /** Where to go first. */
  #start: HamtStart<K> | undefined;

  /** @internal use `Hamt.cursor` */
  constructor(layout: Layout, root: HamtNode, codec: Codec<V>, keys: KeyCodec<K> | undefined, start: HamtStart<K>) {
    this.#walk = new NodeWalk(layout, root);
    this.#reader = new EntryReader(codec, keys);
    this.#codec = codec;
    this.#keys = keys;
    if (start.from !== undefined || start.after !== undefined) this.#start = start;
  }

  /**
   * The next entries, at least one: as many as are to be had without a further block, but not more than 128; `undefined`
   * at the end.
   *
   * @throws {HamtError} a node is none; `hamt/start-absent`
   */
  *next(): Fetching<HamtEntry<V, K>[] | undefined> {
    return yield* this.#next(this.#read<HamtEntry<V, K>>("entries"));
  }

  /**
   * Calls `visit` with the entries that are left, until it returns `false` or `limit` entries have been visited.
   *
   * @throws {HamtError} a node is none; `hamt/start-absent`
   */
  *walk(visit: (key: K, value: V) => unknown, options: HamtWalkOptions = {}): Fetching<HamtWalked<K>> {
    const { limit = Number.POSITIVE_INFINITY, lendKeys = false } = options;
    const reader = this.#reader;
    let visited = 0;
    if (this.#start !== undefined) yield* this.#seek(this.#start);
    for (;;) {
      while (this.#advance()) {
        if (visited === limit) return { visited, next: reader.key() };
        visited++;
        if (visit(lendKeys ? reader.lentKey() : reader.key(), reader.value()) === false) return { visited };
      }
      const wanted = this.#walk.wanted;
      if (wanted === undefined) return { visited };
      this.#walk.give(yield wanted);
    }
  }

  /** @internal As {@link HamtCursor.walk}, for a cursor that nobody else has: where it stands afterwards is not told. */
  *visit(visit: (key: K, value: V) => unknown, options: HamtWalkOptions): Fetching<HamtWalked<K>> {
    const { limit = Number.POSITIVE_INFINITY, lendKeys = false } = options;
    const reader = this.#reader;
    const walk = this.#walk;
    const to: Visitor<V, K> = {
      codec: this.#codec,
      keys: this.#keys,
      visit,
      room: new KeyRoom(lendKeys && this.#keys === undefined),
      limit,
      visited: 0,
      ended: false,
      next: undefined,
    };
    if (this.#start !== undefined) yield* this.#seek(this.#start);
    // what is left of the bucket where it starts
    while (!to.ended && reader.advance()) {
      if (to.visited === limit) return { visited: to.visited, next: reader.key() };
      to.visited++;
      to.ended = visit(lendKeys ? reader.lentKey() : reader.key(), reader.value()) === false;
    }
    while (!to.ended) {
      visitLoaded(walk, to);
      const wanted = to.ended ? undefined : walk.wanted;
      if (wanted === undefined) break;
      walk.give(yield wanted);
    }
    const { visited, next } = to;
    return next === undefined ? { visited } : { visited, next };
  }

  /** @internal What is left, over a store that answers at once. Made by hand: as a generator it takes twice as long. */
  items<T>(store: SyncBlockReader, wanted: Wanted): IterableIterator<T> {
    const read = this.#read<T>(wanted);
    const items: IterableIterator<T> = {
      next: () => {
        if (this.#start !== undefined) runSync(this.#seek(this.#start), store);
        while (!this.#advance()) {
          const cid = this.#walk.wanted;
          if (cid === undefined) return { done: true, value: undefined };
          this.#walk.give(blockOf(store, cid));
        }
        return { done: false, value: read() };
      },
      [Symbol.iterator]: () => items,
    };
    return items;
  }

  /** @internal What is left, over any store. */
  async *itemsAsync<T>(store: AsyncBlockReader, wanted: Wanted, options: AbortOptions): AsyncGenerator<T, void> {
    const read = this.#read<T>(wanted);
    for (;;) {
      const found = await runAsync(this.#next(read), store, options);
      if (found === undefined) return;
      for (let i = 0; i < found.length; i++) yield found[i] as T;
    }
  }

  #read<T>(wanted: Wanted): () => T {
    const reader = this.#reader;
    if (wanted === "keys") return () => reader.key() as unknown as T;
    if (wanted === "values") return () => reader.value() as unknown as T;
    return () => [reader.key(), reader.value()] as unknown as T;
  }

  *#next<T>(read: () => T): Fetching<T[] | undefined> {
    if (this.#start !== undefined) yield* this.#seek(this.#start);
    const found: T[] = [];
    for (;;) {
      while (found.length < batch && this.#advance()) found.push(read());
      if (found.length > 0) return found;
      const wanted = this.#walk.wanted;
      if (wanted === undefined) return undefined;
      this.#walk.give(yield wanted);
    }
  }

  /** Goes to the next entry; false where a block is needed for that, or there is none. */
  #advance(): boolean {
    const reader = this.#reader;
    if (reader.advance()) return true;
    const walk = this.#walk;
    if (!walk.advance()) return false;
    reader.open(walk.node, walk.start, walk.end);
    return reader.advance();
  }

  /** Goes down to a key, or to where it would be. */
  *#seek(start: HamtStart<K>): Fetching<void> {
    const walk = this.#walk;
    const { layout } = walk;
    const key = bytesOfKey(this.#keys, (start.from ?? start.after) as K);
    const hash = layout.hash(key);
    let known = false;
    walk.rewind(); // an earlier try may have failed on its way
    for (let depth = 0; ; ) {
      const node = walk.nodes[depth] as HamtNode;
      const slot = slotAt(layout, hash, depth);
      const place = placeOf(node, slot);
      walk.places[depth] = place;
      if (!isTaken(node, slot)) break;
      if (!isLink(layout, node, place)) {
        known = this.#seekInBucket(node, key, start.from === undefined);
        break;
      }
      const child = node.children?.[place];
      if (child !== undefined) walk.enter(child);
      else walk.give(yield walk.wanted as Uint8Array);
      depth++;
    }
    this.#start = undefined;
    if (start.exact === true && !known) throw new HamtError("hamt/start-absent", { key: toHex(key) });
  }

  /** Goes into the bucket at hand, to the first entry that is to be told; whether the key is there. */
  #seekInBucket(node: HamtNode, key: Uint8Array, behind: boolean): boolean {
    const walk = this.#walk;
    walk.advance();
    this.#reader.open(walk.node, walk.start, walk.end);
    // buckets of version 0 have no order that would tell where a key would be
    const sorted = walk.layout.version !== 0;
    let before = 0;
    const entries = entriesAt(node.bytes, walk.start);
    for (const [i, { keyStart, keyEnd }] of entries.entries()) {
      const order = compareBytes(node.bytes.subarray(keyStart, keyEnd), key);
      if (order === 0) {
        for (let left = behind ? i + 1 : i; left > 0; left--) this.#reader.advance();
        return true;
      }
      if (order < 0 && sorted) before = i + 1;
    }
    for (; before > 0; before--) this.#reader.advance();
    return false;
  }
}

function blockOf(store: SyncBlockReader, cid: CidBytes): Uint8Array {
  const block = store.getSync(cid);
  if (block === undefined) throw blockMissing(cid);
  return block;
}
