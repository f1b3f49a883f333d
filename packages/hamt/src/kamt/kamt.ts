import {
  type AsyncBlockReader,
  CborWriter,
  type CidBytes,
  type Codec,
  type Fetching,
  runAsync,
  runSync,
  type SyncBlockReader,
} from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";
import { encodeEntry, flushTree, type KamtFlush } from "./build.ts";
import { entryOf, insertInto, type Place, placeOfKey, replaceIn, takeFrom } from "./change.ts";
import { decodeValue, KamtCursor, type KamtEntry, type KamtRange } from "./cursor.ts";
import { bitsOf, matchedBits } from "./extension.ts";
import { hashOf, type KamtOptions, type Layout, layoutOf } from "./layout.ts";
import { type Entry, emptyNode, type KamtNode, loadNode, pointerAt } from "./node.ts";

/**
 * A map from keys of a fixed size to values, kept as a tree of blocks whose links skip the levels that all keys below
 * share. Nothing is hashed by the tree: where keys stand close, so do their entries. The tree of a set of entries is the
 * same whatever was set and taken away before.
 *
 * Reading and changing are {@link Fetching} steps, to be run by `runSync` or `runAsync`; nothing is stored before
 * {@link Kamt.flush}. Each node is loaded once and then kept by its parent. A change that fails, as when a block is
 * missing, leaves the tree as it was. One change at a time: steps of two changes must not interleave.
 *
 * @see ref-fvm:ipld/kamt/src/kamt.rs
 * @example
 * const storage = createKamt(u256Codec, evmStorage);
 * runSync(storage.set(0n, 7n), store);
 * const { root, blocks } = storage.flush();
 */
export class Kamt<K, V> {
  readonly #codec: Codec<V>;
  readonly #layout: Layout<K>;
  #node: KamtNode<K>;
  /** Entries are encoded here, one at a time: a writer each would cost more than the rest of a change. */
  readonly #scratch: CborWriter = new CborWriter();
  /** CID of the tree as it is; `undefined` while it has changes. */
  #root: CidBytes | undefined;

  /** @internal use `createKamt` or `loadKamt` */
  constructor(codec: Codec<V>, layout: Layout<K>, node: KamtNode<K>, root?: CidBytes) {
    this.#codec = codec;
    this.#layout = layout;
    this.#node = node;
    this.#root = root;
  }

  /** Whether it holds nothing. */
  get isEmpty(): boolean {
    return this.#node.pointers.length === 0;
  }

  /**
   * The value of a key, or `undefined`.
   *
   * Cost: a hash; a block a level that is not skipped.
   *
   * @throws {KamtError} a node is none, or `kamt/too-deep`
   */
  *get(key: K): Fetching<V | undefined> {
    const entry = yield* this.#find(key);
    return entry && decodeValue(this.#codec, entry);
  }

  /** Whether a key is there; its value is not decoded. */
  *has(key: K): Fetching<boolean> {
    return (yield* this.#find(key)) !== undefined;
  }

  /**
   * Gives a key a value, in the place of the one it had. An equal value changes nothing.
   *
   * @returns whether the tree changed
   * @throws {KamtError} a node is none; `kamt/too-deep` when more keys than a bucket holds have the same hash
   */
  *set(key: K, value: V): Fetching<boolean> {
    const entry = encodeEntry(this.#scratch, this.#layout, key, this.#codec, value);
    const place = yield* placeOfKey(this.#layout, this.#node, entry.key);
    const known = entryOf(this.#layout, place, entry.key);
    if (known === undefined) insertInto(this.#layout, place, entry);
    else if (!replaceIn(place, known, entry)) return false;
    this.#changed(place);
    return true;
  }

  /**
   * Gives a key a value unless it has one.
   *
   * @returns whether it had none
   * @throws {KamtError} as for {@link Kamt.set}
   */
  *setIfAbsent(key: K, value: V): Fetching<boolean> {
    const entry = encodeEntry(this.#scratch, this.#layout, key, this.#codec, value);
    const place = yield* placeOfKey(this.#layout, this.#node, entry.key);
    if (entryOf(this.#layout, place, entry.key) !== undefined) return false;
    insertInto(this.#layout, place, entry);
    this.#changed(place);
    return true;
  }

  /**
   * Takes a key away with its value; nodes that a shorter tree does without are folded.
   *
   * @returns whether it was there
   * @throws {KamtError} a node is none
   */
  *delete(key: K): Fetching<boolean> {
    const place = yield* placeOfKey(this.#layout, this.#node, key);
    const entry = entryOf(this.#layout, place, key);
    if (entry === undefined) return false;
    takeFrom(this.#layout, place, entry);
    this.#root = undefined;
    return true;
  }

  /**
   * Takes keys away with their values, one after another: one that fails ends it, and those before stay away.
   *
   * @returns how many were there
   * @throws {KamtError} a node is none
   */
  *deleteMany(keys: Iterable<K>): Fetching<number> {
    let count = 0;
    for (const key of keys) if (yield* this.delete(key)) count++;
    return count;
  }

  /** Takes everything away. */
  clear(): void {
    if (this.isEmpty) return;
    this.#node = emptyNode(this.#layout);
    this.#root = undefined;
  }

  /** A walk in the order of the keys' hashes that keeps only the nodes from the root to where it is. */
  cursor(range?: KamtRange<K>): KamtCursor<K, V> {
    return new KamtCursor(this.#codec, this.#layout, this.#node, range);
  }

  /**
   * Calls `visit` with each entry in the order of the keys' hashes, until it returns `false`.
   *
   * Bound: memory as for {@link Kamt.cursor}.
   */
  *walk(visit: (key: K, value: V) => unknown, range?: KamtRange<K>): Fetching<void> {
    const cursor = this.cursor(range);
    for (;;) {
      const found = yield* cursor.next();
      if (found === undefined) return;
      for (const [key, value] of found) if (visit(key, value) === false) return;
    }
  }

  /** The entries in order, over a store that answers at once. Bound: memory as for {@link Kamt.cursor}. */
  *entries(store: SyncBlockReader, range?: KamtRange<K>): Generator<KamtEntry<K, V>, void> {
    const cursor = this.cursor(range);
    for (;;) {
      const found = runSync(cursor.next(), store);
      if (found === undefined) return;
      yield* found;
    }
  }

  /** The entries in order, over any store. Bound: memory as for {@link Kamt.cursor}. */
  async *entriesAsync(
    store: AsyncBlockReader,
    options: AbortOptions & KamtRange<K> = {},
  ): AsyncGenerator<KamtEntry<K, V>, void> {
    const cursor = this.cursor(options);
    for (;;) {
      const found = await runAsync(cursor.next(), store, options);
      if (found === undefined) return;
      yield* found;
    }
  }

  /** Makes the blocks of all changes; the tree goes on from there. Without a change there is none. */
  flush(): KamtFlush {
    if (this.#root !== undefined) return { root: this.#root, blocks: [] };
    const flushed = flushTree(this.#node);
    this.#root = flushed.root;
    return flushed;
  }

  *#find(key: K): Fetching<Entry<K> | undefined> {
    const layout = this.#layout;
    const hash = hashOf(layout, key);
    let node = this.#node;
    let bit = 0;
    for (let depth = 1; ; depth++) {
      const pointer = pointerAt(node, bitsOf(hash, bit, layout.bitWidth));
      if (pointer === undefined) return undefined;
      if (pointer.bucket !== undefined) return pointer.bucket.find((held) => layout.compare(held.key, key) === 0);
      bit += layout.bitWidth;
      const { extension } = pointer;
      if (extension.length > 0) {
        if (matchedBits(extension, hash, bit, layout.bitWidth) < extension.length) return undefined;
        bit += extension.length;
      }
      pointer.node ??= loadNode(yield pointer.cid as CidBytes, layout, depth);
      node = pointer.node;
    }
  }

  #changed(place: Place<K>): void {
    for (const { pointer } of place.steps) pointer.cid = undefined;
    this.#root = undefined;
  }
}

/**
 * An empty KAMT.
 *
 * @throws {KamtError} `kamt/option-out-of-range`
 * @example
 * createKamt(u256Codec, evmStorage).isEmpty // => true
 */
export function createKamt<K, V>(codec: Codec<V>, options: KamtOptions<K>): Kamt<K, V> {
  const layout = layoutOf(options);
  return new Kamt(codec, layout, emptyNode(layout));
}

/**
 * Opens the KAMT of a root.
 *
 * @throws {KamtError} `kamt/option-out-of-range`, or its node is none
 * @example
 * const storage = runSync(loadKamt(contractState, u256Codec, evmStorage), store);
 * runSync(storage.get(0n), store) // => 7n
 */
export function* loadKamt<K, V>(root: CidBytes, codec: Codec<V>, options: KamtOptions<K>): Fetching<Kamt<K, V>> {
  const layout = layoutOf(options);
  return new Kamt(codec, layout, loadNode(yield root, layout, 0), root.slice());
}
