import {
  type AsyncBlockReader,
  type AsyncBlockWriter,
  type CidBytes,
  type Fetching,
  runAsync,
  runSync,
  type SyncBlockReader,
  type SyncBlockWriter,
} from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";
import { inParallel } from "../parallel.ts";
import { Room } from "../room.ts";
import { flushTree, type KamtFlush } from "./build.ts";
import { entryOf, insertInto, markChanged, replaceIn, takeFrom } from "./change.ts";
import { entriesOf, KamtCursor, type KamtEntry, type KamtRange } from "./cursor.ts";
import { type KamtAsyncOptions, KamtDiff } from "./diff.ts";
import { type Entry, EntryWriter, keyOf, valueOfEntry } from "./entry.ts";
import { KamtError } from "./errors.ts";
import { bitsOf, matchedBits, noExtension } from "./extension.ts";
import { hashOf, type KamtCodec, type KamtOptions, type Layout, layoutOf } from "./layout.ts";
import { emptyNode, loadNode, pointerAt } from "./node.ts";
import { Place } from "./place.ts";
import { childOf, type KamtNode, Pointer, type Side } from "./pointer.ts";

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
export class Kamt<V, K> {
  readonly #layout: Layout<K, V>;
  readonly #writer: EntryWriter<K, V>;
  /** Where loaded nodes and new blocks get their bytes. */
  readonly #room: Room;
  #node: KamtNode<K>;
  /** CID of the tree as it is; `undefined` while it has changes. */
  #root: CidBytes | undefined;
  /** The place that the next change may use. */
  #idle: Place<K> | undefined;

  /** @internal use `createKamt` or `loadKamt` */
  constructor(layout: Layout<K, V>, node: KamtNode<K>, room: Room, root?: CidBytes) {
    this.#layout = layout;
    this.#room = room;
    this.#writer = new EntryWriter(layout);
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
    return entry && valueOfEntry(this.#layout, entry);
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
    const entry = this.#writer.write(key, value);
    const own = keyOf(this.#layout, entry);
    const place = this.#begin(own);
    for (let link = place.advance(this.#layout); link !== undefined; link = place.advance(this.#layout)) {
      this.#load(link, place, yield link.cid as CidBytes);
    }
    const known = entryOf(this.#layout, place.pointer, own);
    const isChange = known === undefined || replaceIn(place, known, entry);
    if (known === undefined) insertInto(this.#layout, place, entry);
    if (isChange) markChanged(place);
    return this.#finish(place, isChange);
  }

  /**
   * Gives a key a value unless it has one.
   *
   * @returns whether it had none
   * @throws {KamtError} as for {@link Kamt.set}
   */
  *setIfAbsent(key: K, value: V): Fetching<boolean> {
    const entry = this.#writer.write(key, value);
    const own = keyOf(this.#layout, entry);
    const place = this.#begin(own);
    for (let link = place.advance(this.#layout); link !== undefined; link = place.advance(this.#layout)) {
      this.#load(link, place, yield link.cid as CidBytes);
    }
    const isChange = entryOf(this.#layout, place.pointer, own) === undefined;
    if (isChange) {
      insertInto(this.#layout, place, entry);
      markChanged(place);
    }
    return this.#finish(place, isChange);
  }

  /**
   * Takes a key away with its value; nodes that a shorter tree does without are folded.
   *
   * @returns whether it was there
   * @throws {KamtError} a node is none
   */
  *delete(key: K): Fetching<boolean> {
    const place = this.#begin(key);
    for (let link = place.advance(this.#layout); link !== undefined; link = place.advance(this.#layout)) {
      this.#load(link, place, yield link.cid as CidBytes);
    }
    const entry = entryOf(this.#layout, place.pointer, key);
    if (entry !== undefined) takeFrom(this.#layout, place, entry);
    return this.#finish(place, entry !== undefined);
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
  cursor(range?: KamtRange<K>): KamtCursor<V, K> {
    return new KamtCursor(this.#layout, this.#node, range);
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
  *entries(store: SyncBlockReader, range?: KamtRange<K>): Generator<KamtEntry<V, K>, void> {
    const cursor = this.cursor(range);
    for (;;) {
      const found = runSync(cursor.next(), store);
      if (found === undefined) return;
      yield* found;
    }
  }

  /**
   * The entries, over any store, of which up to `concurrency` blocks are asked for at the same time: more than one come in
   * no order, and only where the walk has no start.
   *
   * Bound: memory as for {@link Kamt.cursor}, for each block under way.
   *
   * @throws {KamtError} a node is none
   * @throws {HostFault} `host/block-missing`, `host/aborted`
   */
  async *entriesAsync(
    store: AsyncBlockReader,
    options: KamtAsyncOptions & KamtRange<K> = {},
  ): AsyncGenerator<KamtEntry<V, K>, void> {
    if ((options.concurrency ?? 1) > 1 && options.from === undefined && options.after === undefined) {
      const layout = this.#layout;
      const room = new Room();
      const first = { pointer: childOf(this.#node), depth: 0 };
      const step = (side: Side<K>, found: KamtEntry<V, K>[], more: Side<K>[]) =>
        entriesOf(layout, side, found, more, room);
      for await (const found of inParallel([first], step, store, options)) yield* found;
      return;
    }
    const cursor = this.cursor(options);
    for (;;) {
      const found = await runAsync(cursor.next(), store, options);
      if (found === undefined) return;
      yield* found;
    }
  }

  /**
   * The changes that lead from another tree to this one, both as they are now.
   *
   * @throws {KamtError} `kamt/options-differ`: the trees must be of the same form
   */
  diff(before: Kamt<V, K>): KamtDiff<V, K> {
    const ours = this.#layout;
    const theirs = before.#layout;
    if (ours.bitWidth !== theirs.bitWidth || ours.hashBits !== theirs.hashBits) {
      throw new KamtError("kamt/options-differ", {
        option: ours.bitWidth !== theirs.bitWidth ? "bitWidth" : "hashSize",
      });
    }
    const sideOf = (tree: Kamt<V, K>): Side<K> => ({
      pointer: new Pointer<K>(undefined, tree.#root, tree.#node, noExtension),
      depth: 0,
    });
    return new KamtDiff(ours, [{ bit: 0, before: sideOf(before), after: sideOf(this) }]);
  }

  /** Makes the blocks of all changes; the tree goes on from there. Without a change there is none. */
  flush(): KamtFlush {
    if (this.#root !== undefined) return { root: this.#root, blocks: [] };
    const flushed = flushTree(this.#node, this.#room);
    this.#root = flushed.root;
    return flushed;
  }

  /** {@link Kamt.flush} into a store; where that fails, the changes are still to be flushed. */
  flushSync(store: SyncBlockWriter): CidBytes {
    if (this.#root !== undefined) return this.#root;
    const changed: Pointer<K>[] = [];
    const { root, blocks } = flushTree(this.#node, this.#room, changed);
    try {
      store.putManySync(blocks);
    } catch (error) {
      for (const pointer of changed) pointer.cid = undefined;
      throw error;
    }
    this.#root = root;
    return root;
  }

  /** As {@link Kamt.flushSync}, for a store that answers later. The tree must not change meanwhile. */
  async flushAsync(store: AsyncBlockWriter, options: AbortOptions = {}): Promise<CidBytes> {
    if (this.#root !== undefined) return this.#root;
    const changed: Pointer<K>[] = [];
    const { root, blocks } = flushTree(this.#node, this.#room, changed);
    try {
      await store.putManyBytes(blocks, options);
    } catch (error) {
      for (const pointer of changed) pointer.cid = undefined;
      throw error;
    }
    this.#root = root;
    return root;
  }

  *#find(key: K): Fetching<Entry<K> | undefined> {
    const layout = this.#layout;
    const hash = hashOf(layout, key);
    let node = this.#node;
    let bit = 0;
    for (let depth = 1; ; depth++) {
      const pointer = pointerAt(node, bitsOf(hash, bit, layout.bitWidth));
      if (pointer === undefined) return undefined;
      if (pointer.bucket !== undefined) return entryOf(layout, pointer, key);
      bit += layout.bitWidth;
      const { extension } = pointer;
      if (extension.length > 0) {
        if (matchedBits(extension, hash, bit, layout.bitWidth) < extension.length) return undefined;
        bit += extension.length;
      }
      pointer.node ??= loadNode(yield pointer.cid as CidBytes, layout, depth, this.#room);
      node = pointer.node;
    }
  }

  /** Begins the way to a key's place, for a change. */
  #begin(key: K): Place<K> {
    const hash = hashOf(this.#layout, key);
    const place = this.#idle ?? new Place(this.#node, hash);
    this.#idle = undefined;
    place.begin(this.#node, hash);
    return place;
  }

  #load(link: Pointer<K>, place: Place<K>, block: Uint8Array): void {
    link.node = loadNode(block, this.#layout, place.depth + 1, this.#room);
  }

  #finish(place: Place<K>, isChange: boolean): boolean {
    if (isChange) this.#root = undefined;
    this.#idle = place;
    return isChange;
  }
}

/**
 * An empty KAMT.
 *
 * @throws {KamtError} `kamt/option-out-of-range`
 * @example
 * createKamt(u256Codec, evmStorage).isEmpty // => true
 */
export function createKamt<V, K>(codec: KamtCodec<V>, options: KamtOptions<K>): Kamt<V, K> {
  const layout = layoutOf(codec, options);
  return new Kamt(layout, emptyNode(layout), new Room());
}

/**
 * Opens the KAMT of a root.
 *
 * @throws {KamtError} `kamt/option-out-of-range`, or its node is none
 * @example
 * const storage = runSync(loadKamt(contractState, u256Codec, evmStorage), store);
 * runSync(storage.get(0n), store) // => 7n
 */
export function* loadKamt<V, K>(root: CidBytes, codec: KamtCodec<V>, options: KamtOptions<K>): Fetching<Kamt<V, K>> {
  const layout = layoutOf(codec, options);
  const room = new Room();
  return new Kamt(layout, loadNode(yield root, layout, 0, room), room, root.slice());
}
