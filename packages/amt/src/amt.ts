import {
  type AsyncBlockReader,
  type AsyncBlockWriter,
  type CidBytes,
  type Fetching,
  runSync,
  type SyncBlockReader,
  type SyncBlockWriter,
} from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";
import type { AheadOptions } from "./ahead.ts";
import { blockOf } from "./block-of.ts";
import { AmtCursor, type AmtEntry, type AmtRange, type AmtStart, type AmtVisited } from "./cursor.ts";
import { entriesAhead } from "./entries-ahead.ts";
import { type AmtVersion, highOf, indexOf, lowOf } from "./layout.ts";
import { deleteAll, setAll } from "./many.ts";
import type { AmtNode } from "./node.ts";
import type { AmtFlush, Trunk } from "./trunk.ts";

const emptyStore: SyncBlockReader = { getSync: () => undefined };

/** The tree behind an {@link Amt}. @internal */
export let trunkOf: <V>(tree: Amt<V>) => Trunk<V>;

/**
 * An array of values, kept as a tree of blocks: an array mapped trie.
 *
 * Reading and changing are {@link Fetching} steps, to be run by `runSync` or `runAsync`; the methods in `Sync` do the
 * same over a store that answers at once, and cost less. Nothing is stored before {@link Amt.flush}. A node is loaded
 * once by `get`, `has` and changes, and then kept by its parent; walks keep none. A change that fails, as when a block is
 * missing, leaves the tree as it was. One change at a time: steps of two changes must not interleave.
 *
 * Values are encoded when they are set, and decoded when they are first asked for; what was decoded is handed out again,
 * so it is to be read, not changed. An index is a bigint up to 2^64 - 2, or a number below 2^53.
 *
 * @see go-amt-ipld:amt.go, ref-fvm:ipld/amt/src/amt.rs
 * @example
 * const list = createAmt(linkCodec, { version: 0 });
 * list.setSync(0, cid);
 * const { root, blocks } = list.flush();
 */
export class Amt<V> {
  readonly #trunk: Trunk<V>;

  static {
    trunkOf = (tree) => tree.#trunk;
  }

  /** @internal use `createAmt` or `loadAmt` */
  constructor(trunk: Trunk<V>) {
    this.#trunk = trunk;
  }

  /** Root form. */
  get version(): AmtVersion {
    return this.#trunk.layout.version;
  }

  /** Slots of a node are 2 to this power. */
  get bitWidth(): number {
    return this.#trunk.layout.bitWidth;
  }

  /** Levels above the leaves. */
  get height(): number {
    return this.#trunk.height;
  }

  /** How many values it holds, as its root says: true only where the writer of the root was honest. */
  get count(): bigint {
    return BigInt(this.#trunk.count);
  }

  /**
   * The value at an index, or `undefined`.
   *
   * Cost: at most a block a level.
   *
   * @throws {AmtError} `amt/index-malformed`, `amt/index-too-large`, or a node is none
   */
  *get(index: number | bigint): Fetching<V | undefined> {
    const trunk = this.#trunk;
    const at = indexOf(trunk.layout, index);
    const [high, low] = [highOf(at), lowOf(at)];
    let leaf = trunk.find(high, low);
    for (let gap = trunk.gap; gap !== undefined; gap = trunk.gap) {
      trunk.fill(gap, yield gap.cid);
      leaf = trunk.find(high, low);
    }
    return leaf && trunk.valueIn(leaf, low & trunk.layout.mask);
  }

  /** As {@link Amt.get}, over a store that answers at once; none is needed where all nodes are in memory. */
  getSync(index: number | bigint, store: SyncBlockReader = emptyStore): V | undefined {
    const trunk = this.#trunk;
    const at = indexOf(trunk.layout, index);
    const high = highOf(at);
    const low = lowOf(at);
    let leaf = trunk.find(high, low);
    for (let gap = trunk.gap; gap !== undefined; gap = trunk.gap) {
      trunk.fill(gap, blockOf(store, gap.cid));
      leaf = trunk.find(high, low);
    }
    return leaf && trunk.valueIn(leaf, low & trunk.layout.mask);
  }

  /** Whether an index holds a value. @throws {AmtError} as {@link Amt.get} */
  *has(index: number | bigint): Fetching<boolean> {
    const trunk = this.#trunk;
    const at = indexOf(trunk.layout, index);
    const [high, low] = [highOf(at), lowOf(at)];
    let leaf = trunk.find(high, low);
    for (let gap = trunk.gap; gap !== undefined; gap = trunk.gap) {
      trunk.fill(gap, yield gap.cid);
      leaf = trunk.find(high, low);
    }
    return leaf?.has(low & trunk.layout.mask) ?? false;
  }

  /** As {@link Amt.has}, over a store that answers at once. */
  hasSync(index: number | bigint, store: SyncBlockReader = emptyStore): boolean {
    return runSync(this.has(index), store);
  }

  /**
   * Puts a value at an index, in the place of the one there. An equal value changes nothing.
   *
   * @throws {AmtError} `amt/index-malformed`, `amt/index-too-large`, `amt/count-wrong`, or a node is none
   */
  *set(index: number | bigint, value: V): Fetching<void> {
    const trunk = this.#trunk;
    const at = indexOf(trunk.layout, index);
    const [high, low] = [highOf(at), lowOf(at)];
    trunk.arena.encode(trunk.codec, value);
    const { bytes, start, end } = trunk.arena;
    trunk.put(high, low, bytes, start, end);
    for (let gap = trunk.gap; gap !== undefined; gap = trunk.gap) {
      trunk.fill(gap, yield gap.cid);
      trunk.put(high, low, bytes, start, end);
    }
  }

  /** As {@link Amt.set}, over a store that answers at once; none is needed where all nodes are in memory. */
  setSync(index: number | bigint, value: V, store: SyncBlockReader = emptyStore): void {
    const trunk = this.#trunk;
    const at = indexOf(trunk.layout, index);
    const high = highOf(at);
    const low = lowOf(at);
    trunk.arena.encode(trunk.codec, value);
    const { bytes, start, end } = trunk.arena;
    trunk.put(high, low, bytes, start, end);
    for (let gap = trunk.gap; gap !== undefined; gap = trunk.gap) {
      trunk.fill(gap, blockOf(store, gap.cid));
      trunk.put(high, low, bytes, start, end);
    }
  }

  /** Puts a value at an index that holds none; tells whether it did. @throws {AmtError} as {@link Amt.set} */
  *setIfAbsent(index: number | bigint, value: V): Fetching<boolean> {
    if (yield* this.has(index)) return false;
    yield* this.set(index, value);
    return true;
  }

  /**
   * Puts many values, or, where anything fails, none: `tree.setMany(list.entries())` is the `batch_set` of a list.
   *
   * Bound: where they lie encoded, for all of them, until the last block has come.
   *
   * @throws {AmtError} as {@link Amt.set}
   * @see ref-fvm:ipld/amt/src/amt.rs batch_set, which keeps those before a failure
   */
  setMany(entries: Iterable<readonly [index: number | bigint, value: V]>): Fetching<void> {
    return setAll(this.#trunk, entries);
  }

  /**
   * Takes the value at an index away; tells whether there was one. Nodes left empty go, and a root left with its first
   * child alone gives it its place, so that the tree is as if the value had never been.
   *
   * One exception, as the chain has it: a version 0 tree that loses its last value keeps its height.
   *
   * @throws {AmtError} `amt/index-malformed`, `amt/index-too-large`, `amt/count-wrong`, or a node is none
   * @see go-amt-ipld:v2.1.0 amt.go Delete
   */
  *delete(index: number | bigint): Fetching<boolean> {
    const trunk = this.#trunk;
    const at = indexOf(trunk.layout, index);
    const [high, low] = [highOf(at), lowOf(at)];
    let had = trunk.remove(high, low);
    for (let gap = trunk.gap; gap !== undefined; gap = trunk.gap) {
      trunk.fill(gap, yield gap.cid);
      had = trunk.remove(high, low);
    }
    return had;
  }

  /** As {@link Amt.delete}, over a store that answers at once; none is needed where all nodes are in memory. */
  deleteSync(index: number | bigint, store: SyncBlockReader = emptyStore): boolean {
    const trunk = this.#trunk;
    const at = indexOf(trunk.layout, index);
    const high = highOf(at);
    const low = lowOf(at);
    let had = trunk.remove(high, low);
    for (let gap = trunk.gap; gap !== undefined; gap = trunk.gap) {
      trunk.fill(gap, blockOf(store, gap.cid));
      had = trunk.remove(high, low);
    }
    return had;
  }

  /**
   * Takes the values of many indexes away, or, where anything fails, none; how many there were. Where `strict` all must be
   * there, and none be named twice.
   *
   * @throws {AmtError} `amt/index-missing`, and as {@link Amt.delete}
   * @see ref-fvm:ipld/amt/src/amt.rs batch_delete, by which those before a failure are gone
   */
  deleteMany(indexes: Iterable<number | bigint>, options: { readonly strict?: boolean } = {}): Fetching<number> {
    return deleteAll(this.#trunk, indexes, options.strict === true);
  }

  /** The lowest index that holds a value, or `undefined`. Cost: at most a block a level. @see go-amt-ipld:amt.go FirstSetIndex */
  *firstSetIndex(): Fetching<bigint | undefined> {
    return yield* this.#outermost(false);
  }

  /** The highest index that holds a value, or `undefined`. Cost: at most a block a level. */
  *lastSetIndex(): Fetching<bigint | undefined> {
    return yield* this.#outermost(true);
  }

  *#outermost(last: boolean): Fetching<bigint | undefined> {
    const trunk = this.#trunk;
    let index = trunk.outermost(last);
    for (let gap = trunk.gap; gap !== undefined; gap = trunk.gap) {
      trunk.fill(gap, yield gap.cid);
      index = trunk.outermost(last);
    }
    return index;
  }

  /**
   * A walk in index order that keeps only the nodes from the root to where it is, and can be taken up again later.
   *
   * @throws {AmtError} `amt/index-malformed`, `amt/index-too-large`
   */
  cursor(range: AmtStart = {}): AmtCursor<V> {
    return new AmtCursor(this.#trunk, indexOf(this.#trunk.layout, range.from ?? 0));
  }

  /**
   * Calls `visit` with each value in index order, until it returns `false`.
   *
   * Bound: memory as for {@link Amt.cursor}.
   */
  *walk(visit: (index: bigint, value: V) => unknown, range: AmtStart = {}): Fetching<void> {
    const cursor = this.cursor(range);
    for (let at = cursor.step(); at !== false; at = cursor.step()) {
      if (at !== true) cursor.give(yield at);
      else if (!cursor.visit(visit)) return;
    }
  }

  /** As {@link Amt.walk}, with indexes as numbers, which costs less. @throws {AmtError} `amt/index-unsafe` at one past 2^53 - 1 */
  *walkNumbers(visit: (index: number, value: V) => unknown, range: AmtStart = {}): Fetching<void> {
    const cursor = this.cursor(range);
    for (let at = cursor.step(); at !== false; at = cursor.step()) {
      if (at !== true) cursor.give(yield at);
      else if (!cursor.visitNumbers(visit)) return;
    }
  }

  /**
   * As {@link Amt.walk}, but for at most `limit` values, and tells how far it went: the walk of a page of a long list. To
   * find `next` it may load the node of a value it does not visit.
   *
   * @see ref-fvm:ipld/amt/src/amt.rs for_each_while_ranged
   * @example
   * runSync(tree.walkRange((index, value) => page.push(value), { from: 4, limit: 3 }), store) // => { visited: 3, next: 10n }
   */
  *walkRange(visit: (index: bigint, value: V) => unknown, range: AmtRange = {}): Fetching<AmtVisited> {
    const cursor = this.cursor(range);
    const limit = range.limit ?? Number.POSITIVE_INFINITY;
    let visited = 0;
    let going = true;
    let next: bigint | undefined;
    const one = (index: bigint, value: V): boolean => {
      if (!going || visited >= limit) {
        next = index;
        return false;
      }
      visited++;
      going = visit(index, value) !== false;
      return true;
    };
    for (let at = cursor.step(); at !== false; at = cursor.step()) {
      if (at !== true) cursor.give(yield at);
      else if (!cursor.visit(one)) break;
    }
    return { visited, next };
  }

  /**
   * As {@link Amt.walk}, but `visit` may put another value in the place of the one it is shown, with `replace`. Nodes
   * that change are kept until the next flush and after, others are not. It must not change the tree in another way.
   *
   * @see ref-fvm:ipld/amt/src/amt.rs for_each_while_mut
   * @example
   * runSync(tree.update((index, value, replace) => value < 0n && replace(0n)), store);
   */
  *update(
    visit: (index: bigint, value: V, replace: (value: V) => void) => unknown,
    range: AmtStart = {},
  ): Fetching<void> {
    const trunk = this.#trunk;
    const cursor = new AmtCursor(trunk, indexOf(trunk.layout, range.from ?? 0), true);
    const one = (index: bigint, value: V): unknown =>
      visit(index, value, (other) => {
        trunk.arena.encode(trunk.codec, other);
        const { bytes, start, end } = trunk.arena;
        cursor.keep();
        const at = indexOf(trunk.layout, index);
        trunk.put(highOf(at), lowOf(at), bytes, start, end);
      });
    for (let at = cursor.step(); at !== false; at = cursor.step()) {
      if (at !== true) cursor.give(yield at);
      else if (!cursor.visit(one)) return;
    }
  }

  /** The values in index order, over a store that answers at once. Bound: memory as for {@link Amt.cursor}. */
  *entries(store: SyncBlockReader = emptyStore, range: AmtStart = {}): Generator<AmtEntry<V>, void> {
    const cursor = this.cursor(range);
    for (let at = cursor.step(); at !== false; at = cursor.step()) {
      if (at === true) yield* cursor.entries();
      else cursor.give(blockOf(store, at));
    }
  }

  /**
   * The values in index order, over any store, of which up to `concurrency` blocks are asked for at a time.
   *
   * Bound: as for {@link Amt.cursor}; with `concurrency` over 1, `4 * concurrency` leaves and the children of the branches
   * on the way to them.
   */
  entriesAsync(store: AsyncBlockReader, options: AheadOptions & AmtStart = {}): AsyncGenerator<AmtEntry<V>, void> {
    return entriesAhead(this.#trunk, indexOf(this.#trunk.layout, options.from ?? 0), store, options);
  }

  /** Makes the blocks of all changes; the tree goes on from there. Without a change there is none. */
  flush(): AmtFlush {
    return this.#trunk.flush();
  }

  /** Puts the blocks of all changes in a store; gives the root. Where the store fails, they stay changes. */
  flushSync(store: SyncBlockWriter): CidBytes {
    const trunk = this.#trunk;
    const changed: AmtNode[] = [];
    const { root, blocks } = trunk.flush(changed);
    try {
      if (blocks.length > 0) store.putManySync(blocks);
    } catch (error) {
      trunk.unflush(changed);
      throw error;
    }
    return root;
  }

  /** As {@link Amt.flushSync}, for a store that answers later. The tree must not change meanwhile. */
  async flushAsync(store: AsyncBlockWriter, options: AbortOptions = {}): Promise<CidBytes> {
    const trunk = this.#trunk;
    const changed: AmtNode[] = [];
    const { root, blocks } = trunk.flush(changed);
    try {
      if (blocks.length > 0) await store.putManyBytes(blocks, options);
    } catch (error) {
      trunk.unflush(changed);
      throw error;
    }
    return root;
  }

  /** A tree of its own with the same values and the same changes not yet flushed. Cost: a copy of the nodes in memory, without their bytes. */
  clone(): Amt<V> {
    return new Amt(this.#trunk.clone());
  }
}
