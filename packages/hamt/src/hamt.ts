import {
  type AsyncBlockReader,
  CborWriter,
  type CidBytes,
  type Codec,
  decode,
  type Fetching,
  maxBytesLength,
  runAsync,
  runSync,
  type SyncBlockReader,
} from "@copse/ipld";
import { type AbortOptions, equalBytes } from "@copse/primitives";
import { assertItem, findEntry, itemEnd, sameRange, valueStart } from "./bucket.ts";
import { type Change, insertInto, removeFrom } from "./change.ts";
import {
  HamtCursor,
  type HamtEntry,
  type HamtStart,
  type HamtWalked,
  readEntry,
  type WalkTask,
  walkStep,
} from "./cursor.ts";
import { attach, type Descent, descend, sweep } from "./descent.ts";
import { diffForm, HamtDiff } from "./diff.ts";
import { HamtError } from "./errors.ts";
import { flushNode, type HamtFlush } from "./flush.ts";
import { bytesOfKey, type KeyCodec } from "./keys.ts";
import type { HamtVersion, Layout } from "./layout.ts";
import { loadNode } from "./load-node.ts";
import { cidAt, copyNode, countOf, emptyNode, type HamtNode } from "./node.ts";
import { inParallel, type ParallelOptions } from "./parallel.ts";

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
  readonly #layout: Layout;
  #node: HamtNode;
  /** Nodes of this owner are seen by nobody else, and changed in place. */
  #owner: object;
  /** Nodes below the root that were loaded since the last sweep, and those that it left. */
  #loaded = 0;
  /** Values are encoded here, one at a time: a writer each would cost more than the rest of a change. */
  readonly #scratch: CborWriter = new CborWriter();
  /** Where the last descent ended; read before anything else is done. */
  readonly #at: Descent;
  /** CID of the tree as it is; `undefined` while it has changes. */
  #root: CidBytes | undefined;

  /** @internal use `createHamt` or `loadHamt` */
  constructor(codec: Codec<V>, keys: KeyCodec<K> | undefined, layout: Layout, node?: HamtNode, root?: CidBytes) {
    this.#codec = codec;
    this.#keys = keys;
    this.#layout = layout;
    this.#owner = {};
    this.#node = node ?? emptyNode(layout, this.#owner);
    this.#root = root;
    this.#at = { node: this.#node, depth: 0, slot: 0, place: -1, missing: false };
  }

  /** Node form. */
  get version(): HamtVersion {
    return this.#layout.version;
  }

  /** Slots of a node are 2 to this power. */
  get bitWidth(): number {
    return this.#layout.bitWidth;
  }

  /** Whether it holds nothing. */
  get isEmpty(): boolean {
    return countOf(this.#node) === 0;
  }

  /**
   * The value of a key, or `undefined`.
   *
   * Cost: a hash; a block a level, of which there are about log32 of the entries.
   *
   * @throws {HamtError} a node is none, or `hamt/too-deep`
   */
  *get(key: K): Fetching<V | undefined> {
    const bytes = bytesOfKey(this.#keys, key);
    const hash = this.#layout.hash(bytes);
    const at = this.#at;
    descend(this.#layout, hash, this.#node, 0, at);
    while (at.missing) {
      const { node, depth, slot } = at;
      const block = yield cidAt(this.#layout, node, at.place);
      descend(this.#layout, hash, this.#load(block, node, depth, slot), depth + 1, at);
    }
    const value = this.#valueAt(bytes);
    this.#settle();
    return value === undefined ? undefined : decode(this.#codec, value);
  }

  /** Whether a key is there; its value is not decoded. */
  *has(key: K): Fetching<boolean> {
    const bytes = bytesOfKey(this.#keys, key);
    yield* this.#reach(this.#layout.hash(bytes));
    const found = this.#entryAt(bytes) >= 0;
    this.#settle();
    return found;
  }

  /**
   * Gives a key a value, in the place of the one it had. An equal value changes nothing.
   *
   * @returns whether the tree changed
   * @throws {HamtError} a node is none; `hamt/key-too-long`; `hamt/too-deep` when more keys than a bucket holds have the same hash
   */
  *set(key: K, value: V): Fetching<boolean> {
    const change = this.#change(key, this.#encode(value));
    yield* this.#reach(change.hash);
    return this.#insert(change, true);
  }

  /**
   * Gives a key a value if it has none.
   *
   * @returns whether the tree changed
   * @throws {HamtError} as for {@link Hamt.set}
   */
  *setIfAbsent(key: K, value: V): Fetching<boolean> {
    const change = this.#change(key, this.#encode(value));
    yield* this.#reach(change.hash);
    return this.#insert(change, false);
  }

  /**
   * Takes a key and its value away. Nodes that a bucket can stand for become one, so that the tree is as if the key had
   * never been.
   *
   * @returns whether the key was there
   * @throws {HamtError} a node is none
   */
  *delete(key: K): Fetching<boolean> {
    const change = this.#change(key, nothing);
    yield* this.#reach(change.hash);
    const removed = this.#remove(change);
    this.#settle();
    return removed;
  }

  /**
   * Takes keys away, all or, where that fails, none.
   *
   * @returns how many were there
   * @throws {HamtError} a node is none
   */
  *deleteMany(keys: Iterable<K>): Fetching<number> {
    const changes = Array.from(keys, (key) => this.#change(key, nothing));
    // as long as blocks had to be fetched, an earlier key's nodes may have been let go
    for (let fetched = true; fetched; ) {
      fetched = false;
      for (const { hash } of changes) fetched = (yield* this.#reach(hash)) || fetched;
    }
    const before = this.#node;
    const root = this.#root;
    this.#owner = {};
    let removed = 0;
    try {
      for (const change of changes) {
        descend(this.#layout, change.hash, this.#node, 0, this.#at);
        if (this.#remove({ ...change, owner: this.#owner })) removed++;
      }
    } catch (error) {
      this.#node = before;
      this.#root = root;
      throw error;
    }
    this.#settle();
    return removed;
  }

  /** Takes everything away. */
  clear(): void {
    this.#owner = {};
    this.#node = emptyNode(this.#layout, this.#owner);
    this.#root = undefined;
    this.#loaded = 0;
  }

  /** A tree of its own with the same entries, changes that are not flushed included. Cost: nothing; nodes are copied when they change. */
  clone(): Hamt<V, K> {
    return new Hamt(this.#codec, this.#keys, this.#layout, this.#share(), this.#root);
  }

  /**
   * A walk in slot order through the tree as it is now, which keeps only the nodes from the root to where it is.
   *
   * @example
   * const cursor = tree.cursor({ after: lastKey });
   */
  cursor(start: HamtStart<K> = {}): HamtCursor<HamtEntry<V, K>> {
    const behind = start.from === undefined;
    const key = behind ? start.after : start.from;
    const bytes = key === undefined ? undefined : bytesOfKey(this.#keys, key);
    return new HamtCursor(this.#layout, this.#share(), readEntry(this.#codec, this.#keys), bytes, behind, start.exact);
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
  *walk(
    visit: (key: K, value: V) => unknown,
    range: HamtStart<K> & { readonly limit?: number | undefined } = {},
  ): Fetching<HamtWalked<K>> {
    const cursor = this.cursor(range);
    const limit = range.limit ?? Number.POSITIVE_INFINITY;
    let visited = 0;
    for (;;) {
      const entries = yield* cursor.next();
      if (entries === undefined) return { visited };
      for (const [key, value] of entries) {
        if (visited >= limit) return { visited, next: key };
        visited++;
        if (visit(key, value) === false) return { visited };
      }
    }
  }

  /** The entries in slot order, over a store that answers at once. Bound: memory as for {@link Hamt.cursor}. */
  *entries(store: SyncBlockReader, start?: HamtStart<K>): Generator<HamtEntry<V, K>, void> {
    const cursor = this.cursor(start);
    for (;;) {
      const found = runSync(cursor.next(), store);
      if (found === undefined) return;
      yield* found;
    }
  }

  /** The entries in slot order, over any store. Bound: memory as for {@link Hamt.cursor}. */
  async *entriesAsync(
    store: AsyncBlockReader,
    options: HamtStart<K> & AbortOptions = {},
  ): AsyncGenerator<HamtEntry<V, K>, void> {
    const cursor = this.cursor(options);
    for (;;) {
      const found = await runAsync(cursor.next(), store, options);
      if (found === undefined) return;
      yield* found;
    }
  }

  /**
   * Calls `visit` with each entry, in no order, with several blocks under way at the same time.
   *
   * Bound: a node for each block under way; those it loads are not kept by the tree.
   *
   * @throws {HamtError} a node is none
   * @throws {HostFault} `host/block-missing`, `host/aborted`
   * @see go-hamt-ipld:mapreduce.go
   */
  async walkParallel(
    store: AsyncBlockReader,
    visit: (key: K, value: V) => unknown,
    options: ParallelOptions = {},
  ): Promise<void> {
    const read = readEntry(this.#codec, this.#keys);
    const layout = this.#layout;
    const step = (task: WalkTask, found: HamtEntry<V, K>[], tasks: WalkTask[]) =>
      walkStep(layout, read, task, found, tasks);
    for await (const entries of inParallel([{ node: this.#share(), depth: 0 }], step, store, options)) {
      for (const [key, value] of entries) visit(key, value);
    }
  }

  /**
   * The changes that lead from another tree to this one, both as they are now. Cost: as for `diffHamt`.
   *
   * @throws {HamtError} `hamt/layouts-differ`: the trees must have the same bit width and hash function
   */
  diff(before: Hamt<V, K>): HamtDiff<V, K> {
    const form = diffForm(
      { layout: before.#layout, codec: before.#codec },
      { layout: this.#layout, codec: this.#codec },
      this.#keys,
    );
    const same = before.#root !== undefined && this.#root !== undefined && equalBytes(before.#root, this.#root);
    return new HamtDiff(form, same ? [] : [{ before: before.#share(), after: this.#share(), depth: 0 }]);
  }

  /** Makes the blocks of all changes; the tree goes on from there. Without a change there is none. */
  flush(): HamtFlush {
    if (this.#root !== undefined) return { root: this.#root, blocks: [] };
    const blocks: (readonly [CidBytes, Uint8Array])[] = [];
    const root = flushNode(this.#layout, this.#owner, this.#own(), blocks);
    this.#root = root;
    this.#settle();
    return { root, blocks };
  }

  #change(key: K, value: Uint8Array): Change {
    const bytes = bytesOfKey(this.#keys, key);
    return { layout: this.#layout, owner: this.#owner, key: bytes, hash: this.#layout.hash(bytes), value };
  }

  #encode(value: V): Uint8Array {
    let bytes: Uint8Array;
    try {
      this.#codec.encode(this.#scratch, value);
    } finally {
      bytes = this.#scratch.finish(); // what a failing codec wrote must not lead the next value
    }
    assertItem(bytes);
    return bytes;
  }

  /** Loads what lies between the root and a key, and leaves `#at` there. */
  *#reach(hash: Int32Array): Fetching<boolean> {
    const at = this.#at;
    descend(this.#layout, hash, this.#node, 0, at);
    if (!at.missing) return false;
    while (at.missing) {
      const { node, depth, slot } = at;
      const block = yield cidAt(this.#layout, node, at.place);
      this.#load(block, node, depth, slot);
      // from the root again: the tree may have changed while the block was fetched
      descend(this.#layout, hash, this.#node, 0, at);
    }
    return true;
  }

  #load(block: Uint8Array, parent: HamtNode, depth: number, slot: number): HamtNode {
    // what a clone or a cursor sees too is changed by nobody
    const owner = parent.owner === this.#owner ? this.#owner : undefined;
    this.#loaded++;
    return attach(this.#layout, parent, slot, loadNode(block, this.#layout, depth + 1, owner));
  }

  /** Offset of the key's entry in the node where `#at` is; -1 where there is none. */
  #entryAt(key: Uint8Array): number {
    const { node, place } = this.#at;
    return place < 0 ? -1 : findEntry(node.bytes, (node.starts[place] as number) + this.#layout.prefix, key);
  }

  #valueAt(key: Uint8Array): Uint8Array | undefined {
    const entry = this.#entryAt(key);
    if (entry < 0) return undefined;
    const { bytes } = this.#at.node;
    const start = valueStart(bytes, entry);
    return bytes.slice(start, itemEnd(bytes, start));
  }

  #insert(change: Change, overwrite: boolean): boolean {
    if (change.key.length > maxBytesLength) {
      throw new HamtError("hamt/key-too-long", { length: change.key.length, limit: maxBytesLength });
    }
    const entry = this.#entryAt(change.key);
    if (entry >= 0 && (!overwrite || this.#hasValue(entry, change.value))) {
      this.#settle();
      return false;
    }
    insertInto(this.#own(), 0, { ...change, owner: this.#owner });
    this.#root = undefined;
    this.#settle();
    return true;
  }

  #hasValue(entry: number, value: Uint8Array): boolean {
    const { bytes } = this.#at.node;
    return sameRange(bytes, valueStart(bytes, entry), value);
  }

  #remove(change: Change): boolean {
    const { node, depth, place } = this.#at;
    if (this.#entryAt(change.key) < 0) return false;
    // no canonical tree has a node for one entry; the references refuse it here too
    if (depth > this.#layout.minDataDepth && countOf(node) === 1) {
      const at = (node.starts[place] as number) + this.#layout.prefix;
      if (node.bytes[at] === 0x81) throw new HamtError("hamt/node-empty", { depth });
    }
    removeFrom(this.#own(), 0, change);
    this.#root = undefined;
    return true;
  }

  /** The root as a node that may be changed in place. */
  #own(): HamtNode {
    if (this.#node.owner !== this.#owner) this.#node = copyNode(this.#node, this.#owner);
    return this.#node;
  }

  /** The root as it is, which stays so: all that changes from here on is copied before. */
  #share(): HamtNode {
    this.#owner = {};
    return this.#node;
  }

  /** Lets go of loaded nodes past the limit. */
  #settle(): void {
    const { cachedNodes } = this.#layout;
    if (this.#loaded <= cachedNodes) return;
    this.#loaded = sweep(this.#node, false);
    if (this.#loaded > cachedNodes) this.#loaded = sweep(this.#node, true);
  }
}

const nothing: Uint8Array = new Uint8Array(0);
