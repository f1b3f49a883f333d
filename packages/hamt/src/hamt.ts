import {
  type AsyncBlockReader,
  type AsyncBlockWriter,
  CborWriter,
  type CidBytes,
  type Codec,
  type Fetching,
  runSync,
  type SyncBlockReader,
  type SyncBlockWriter,
} from "@copse/ipld";
import { type AbortOptions, equalBytes } from "@copse/primitives";
import { assertItem } from "./bucket.ts";
import { HamtCursor, type HamtEntry, type HamtStart, type HamtWalked, type HamtWalkOptions } from "./cursor.ts";
import { diffForm, HamtDiff } from "./diff.ts";
import type { HamtFlush } from "./flush.ts";
import { bytesOfKey, type KeyCodec } from "./keys.ts";
import type { HamtVersion, Layout } from "./layout.ts";
import type { HamtNode } from "./node.ts";
import { type ConcurrencyOptions, inParallel } from "./parallel.ts";
import { Tree } from "./tree.ts";
import { type WalkTask, walkStep } from "./walk-step.ts";

const emptyStore: SyncBlockReader = { getSync: () => undefined };

/**
 * A map from keys to values, kept as a tree of blocks: a hash array mapped trie. The tree of a set of entries is the same
 * whatever was set and taken away before.
 *
 * Reading and changing are {@link Fetching} steps, to be run by `runSync` or `runAsync`; nothing is stored before
 * {@link Hamt.flush}. A node that was loaded is kept by its parent, see {@link HamtOptions.cachedNodes}. Each change takes
 * place at once, when all it needs is in memory: one that fails, as when a block is missing, leaves the tree as it was, and
 * changes may be under way side by side.
 *
 * @see go-hamt-ipld:hamt.go, ref-fvm:ipld/hamt/src/hamt.rs
 * @example
 * const map = createHamt(linkCodec, { version: 3 });
 * runSync(map.set(utf8("key"), cid), store);
 * const { root, blocks } = map.flush();
 */
export class Hamt<V, K = Uint8Array> {
  readonly #codec: Codec<V>;
  readonly #keys: KeyCodec<K> | undefined;
  readonly #tree: Tree;
  /** Values are encoded here, one at a time: a writer each would cost more than the rest of a change. */
  #scratch: CborWriter | undefined;

  /** @internal use `createHamt` or `loadHamt` */
  constructor(codec: Codec<V>, keys: KeyCodec<K> | undefined, layout: Layout, root?: HamtNode, cid?: CidBytes) {
    this.#codec = codec;
    this.#keys = keys;
    this.#tree = new Tree(layout, root, cid);
  }

  /** Node form. */
  get version(): HamtVersion {
    return this.#tree.layout.version;
  }

  /** Slots of a node are 2 to this power. */
  get bitWidth(): number {
    return this.#tree.layout.bitWidth;
  }

  /** Whether it holds nothing. */
  get isEmpty(): boolean {
    return this.#tree.isEmpty;
  }

  /**
   * The value of a key, or `undefined`.
   *
   * Cost: a hash; a block a level, of which there are about log32 of the entries.
   *
   * @throws {HamtError} a node is none, or `hamt/too-deep`
   */
  *get(key: K): Fetching<V | undefined> {
    const tree = this.#tree;
    const bytes = bytesOfKey(this.#keys, key);
    const hash = tree.layout.hash(bytes);
    if (!tree.reach(hash)) yield* tree.fetch(hash);
    return tree.valueOf(bytes, this.#codec);
  }

  /** As {@link Hamt.get}, over a store that answers at once; none is needed where all nodes are in memory. */
  getSync(key: K, store: SyncBlockReader = emptyStore): V | undefined {
    const tree = this.#tree;
    const bytes = bytesOfKey(this.#keys, key);
    const hash = tree.layout.hash(bytes);
    if (!tree.reach(hash)) runSync(tree.fetch(hash), store);
    return tree.valueOf(bytes, this.#codec);
  }

  /** Whether a key is there; its value is not decoded. */
  *has(key: K): Fetching<boolean> {
    const tree = this.#tree;
    const bytes = bytesOfKey(this.#keys, key);
    const hash = tree.layout.hash(bytes);
    if (!tree.reach(hash)) yield* tree.fetch(hash);
    return tree.has(bytes);
  }

  /** As {@link Hamt.has}, over a store that answers at once. */
  hasSync(key: K, store: SyncBlockReader = emptyStore): boolean {
    const tree = this.#tree;
    const bytes = bytesOfKey(this.#keys, key);
    const hash = tree.layout.hash(bytes);
    if (!tree.reach(hash)) runSync(tree.fetch(hash), store);
    return tree.has(bytes);
  }

  /**
   * Gives a key a value, in the place of the one it had. An equal value changes nothing.
   *
   * @returns whether the tree changed
   * @throws {HamtError} a node is none; `hamt/key-too-long`; `hamt/too-deep` when more keys than a bucket holds have the same hash
   */
  *set(key: K, value: V): Fetching<boolean> {
    const tree = this.#tree;
    const bytes = bytesOfKey(this.#keys, key);
    const item = this.#encode(value);
    const hash = tree.layout.hash(bytes);
    if (!tree.reach(hash)) yield* tree.fetchAll(hash);
    return tree.insert(bytes, hash, item, true);
  }

  /** As {@link Hamt.set}, over a store that answers at once. */
  setSync(key: K, value: V, store: SyncBlockReader = emptyStore): boolean {
    const tree = this.#tree;
    const bytes = bytesOfKey(this.#keys, key);
    const item = this.#encode(value);
    const hash = tree.layout.hash(bytes);
    if (!tree.reach(hash)) runSync(tree.fetchAll(hash), store);
    return tree.insert(bytes, hash, item, true);
  }

  /**
   * Gives a key a value if it has none.
   *
   * @returns whether the tree changed
   * @throws {HamtError} as for {@link Hamt.set}
   */
  *setIfAbsent(key: K, value: V): Fetching<boolean> {
    const tree = this.#tree;
    const bytes = bytesOfKey(this.#keys, key);
    const item = this.#encode(value);
    const hash = tree.layout.hash(bytes);
    if (!tree.reach(hash)) yield* tree.fetchAll(hash);
    return tree.insert(bytes, hash, item, false);
  }

  /**
   * Takes a key and its value away. Nodes that a bucket can stand for become one, so that the tree is as if the key had
   * never been.
   *
   * @returns whether the key was there
   * @throws {HamtError} a node is none
   */
  *delete(key: K): Fetching<boolean> {
    const tree = this.#tree;
    const bytes = bytesOfKey(this.#keys, key);
    const hash = tree.layout.hash(bytes);
    if (!tree.reach(hash)) yield* tree.fetchAll(hash);
    const removed = tree.remove(bytes, hash);
    tree.settle();
    return removed;
  }

  /** As {@link Hamt.delete}, over a store that answers at once. */
  deleteSync(key: K, store: SyncBlockReader = emptyStore): boolean {
    const tree = this.#tree;
    const bytes = bytesOfKey(this.#keys, key);
    const hash = tree.layout.hash(bytes);
    if (!tree.reach(hash)) runSync(tree.fetchAll(hash), store);
    const removed = tree.remove(bytes, hash);
    tree.settle();
    return removed;
  }

  /**
   * Takes keys away, all or, where that fails, none.
   *
   * @returns how many were there
   * @throws {HamtError} a node is none
   */
  *deleteMany(keys: Iterable<K>): Fetching<number> {
    const tree = this.#tree;
    const all = Array.from(keys, (key) => bytesOfKey(this.#keys, key));
    const hashes = all.map((key) => tree.layout.hash(key));
    // once more after blocks were fetched, as the nodes of an earlier key may have been let go in the meantime
    for (let fetched = true; fetched; ) {
      fetched = false;
      for (const hash of hashes) {
        if (tree.reach(hash)) continue;
        yield* tree.fetchAll(hash);
        fetched = true;
      }
    }
    const removed = tree.atomically(() => {
      let count = 0;
      for (const [i, hash] of hashes.entries()) {
        tree.reach(hash);
        if (tree.remove(all[i] as Uint8Array, hash)) count++;
      }
      return count;
    });
    tree.settle();
    return removed;
  }

  /** Takes everything away. */
  clear(): void {
    this.#tree.clear();
  }

  /** A tree of its own with the same entries, changes that are not flushed included. Cost: nothing; nodes are copied when they change. */
  clone(): Hamt<V, K> {
    return new Hamt(this.#codec, this.#keys, this.#tree.layout, this.#tree.share(), this.#tree.cid);
  }

  /**
   * A walk in slot order through the tree as it is now, which keeps only the nodes from the root to where it is.
   *
   * @example
   * const cursor = tree.cursor({ after: lastKey });
   */
  cursor(start: HamtStart<K> = {}): HamtCursor<V, K> {
    return new HamtCursor(this.#tree.layout, this.#tree.share(), this.#codec, this.#keys, start);
  }

  /**
   * Calls `visit` with each entry in slot order, until it returns `false` or `limit` entries have been visited.
   *
   * Bound: memory as for {@link Hamt.cursor}.
   *
   * @throws {HamtError} a node is none; `hamt/start-absent`
   * @see ref-fvm:ipld/hamt/src/hamt.rs for_each_ranged
   * @example
   * const { next } = runSync(tree.walk(show, { from: key, limit: 100 }), store);
   */
  walk(visit: (key: K, value: V) => unknown, options: HamtStart<K> & HamtWalkOptions = {}): Fetching<HamtWalked<K>> {
    return this.cursor(options).visit(visit, options);
  }

  /** The entries in slot order, over a store that answers at once. Bound: memory as for {@link Hamt.cursor}. */
  entries(store: SyncBlockReader, start?: HamtStart<K>): IterableIterator<HamtEntry<V, K>> {
    return this.cursor(start).items(store, "entries");
  }

  /** The keys in slot order; values are not decoded. */
  keys(store: SyncBlockReader, start?: HamtStart<K>): IterableIterator<K> {
    return this.cursor(start).items(store, "keys");
  }

  /** The values in slot order. */
  values(store: SyncBlockReader, start?: HamtStart<K>): IterableIterator<V> {
    return this.cursor(start).items(store, "values");
  }

  /**
   * The entries, over any store, of which up to `concurrency` blocks are asked for at the same time; in slot order, but with
   * more than one in that in which blocks come.
   *
   * Bound: memory as for {@link Hamt.cursor}, for each block under way.
   *
   * @throws {HamtError} a node is none
   * @throws {HostFault} `host/block-missing`, `host/aborted`
   */
  async *entriesAsync(
    store: AsyncBlockReader,
    options: HamtStart<K> & ConcurrencyOptions = {},
  ): AsyncGenerator<HamtEntry<V, K>, void> {
    if ((options.concurrency ?? 1) <= 1 || options.from !== undefined || options.after !== undefined) {
      yield* this.cursor(options).itemsAsync<HamtEntry<V, K>>(store, "entries", options);
      return;
    }
    const { layout } = this.#tree;
    const step = (task: WalkTask, found: HamtEntry<V, K>[], tasks: WalkTask[]) =>
      walkStep(layout, this.#codec, this.#keys, task, found, tasks);
    for await (const found of inParallel([{ node: this.#tree.share(), depth: 0 }], step, store, options)) yield* found;
  }

  /** The keys in slot order, over any store; values are not decoded. */
  keysAsync(store: AsyncBlockReader, options: HamtStart<K> & AbortOptions = {}): AsyncGenerator<K, void> {
    return this.cursor(options).itemsAsync(store, "keys", options);
  }

  /** The values in slot order, over any store. */
  valuesAsync(store: AsyncBlockReader, options: HamtStart<K> & AbortOptions = {}): AsyncGenerator<V, void> {
    return this.cursor(options).itemsAsync(store, "values", options);
  }

  /**
   * The changes that lead from another tree to this one, both as they are now. Cost: as for `diffHamt`.
   *
   * @throws {HamtError} `hamt/layouts-differ`: the trees must have the same bit width and hash function
   */
  diff(before: Hamt<V, K>): HamtDiff<V, K> {
    const [a, b] = [before.#tree, this.#tree];
    const form = diffForm(
      { layout: a.layout, codec: before.#codec },
      { layout: b.layout, codec: this.#codec },
      this.#keys,
    );
    const same = a.cid !== undefined && b.cid !== undefined && equalBytes(a.cid, b.cid);
    return new HamtDiff(form, same ? [] : [{ before: a.share(), after: b.share(), depth: 0 }]);
  }

  /** Makes the blocks of all changes; the tree goes on from there. Without a change there is none. */
  flush(): HamtFlush {
    const { root, blocks, nodes } = this.#tree.flush();
    this.#tree.flushed(nodes);
    return { root, blocks };
  }

  /** Puts the blocks of all changes into a store; gives the root. Where the store fails, they stay changes. */
  flushSync(store: SyncBlockWriter): CidBytes {
    const { root, blocks, nodes } = this.#tree.flush();
    try {
      if (blocks.length > 0) store.putManySync(blocks);
    } catch (error) {
      this.#tree.unflush(nodes);
      throw error;
    }
    this.#tree.flushed(nodes);
    return root;
  }

  /** As {@link Hamt.flushSync}, for a store that answers later. The tree must not change meanwhile. */
  async flushAsync(store: AsyncBlockWriter, options: AbortOptions = {}): Promise<CidBytes> {
    const { root, blocks, nodes } = this.#tree.flush();
    try {
      if (blocks.length > 0) await store.putManyBytes(blocks, options);
    } catch (error) {
      this.#tree.unflush(nodes);
      throw error;
    }
    this.#tree.flushed(nodes);
    return root;
  }

  #encode(value: V): Uint8Array {
    this.#scratch ??= new CborWriter();
    let bytes: Uint8Array;
    try {
      this.#codec.encode(this.#scratch, value);
    } finally {
      bytes = this.#scratch.finish(); // what a failing codec wrote must not lead the next value
    }
    assertItem(bytes);
    return bytes;
  }
}
