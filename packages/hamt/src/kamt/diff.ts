import {
  type AsyncBlockReader,
  type CidBytes,
  type Fetching,
  runAsync,
  runSync,
  type SyncBlockReader,
} from "@copse/ipld";
import { type AbortOptions, equalBytes } from "@copse/primitives";
import { inParallel } from "../parallel.ts";
import { Room } from "../room.ts";
import { noExtension } from "./extension.ts";
import { type KamtCodec, type KamtOptions, type Layout, layoutOf } from "./layout.ts";

import { changesOf, isSettled, type KamtChange, type Pair, pairsBelow } from "./pairs.ts";
import { Pointer, type Side } from "./pointer.ts";

/** How blocks are asked for. */
export interface KamtAsyncOptions extends AbortOptions {
  /** Blocks under way at most; 1 by default. */
  readonly concurrency?: number | undefined;
}

/**
 * A walk through what differs between two trees. Subtrees that both share are never loaded.
 *
 * Cost: the blocks on the ways to what differs, of each side. Bound: memory for the ways to the current place.
 */
export class KamtDiff<V, K> {
  readonly #layout: Layout<K, V>;
  readonly #room: Room = new Room();
  /** Pairs still to be compared, the next one last. */
  readonly #pairs: Pair<K>[];

  /** @internal use `diffKamt` */
  constructor(layout: Layout<K, V>, pairs: Pair<K>[]) {
    this.#layout = layout;
    this.#pairs = pairs;
  }

  /**
   * The next changes, in the order of the keys' hashes; `undefined` at the end. A call that failed may be repeated.
   *
   * @throws {KamtError} a node is none
   */
  *next(): Fetching<readonly KamtChange<V, K>[] | undefined> {
    const found: KamtChange<V, K>[] = [];
    for (;;) {
      const pair = this.#pairs[this.#pairs.length - 1];
      if (pair === undefined) return found.length > 0 ? found : undefined;
      if (isSettled(pair)) {
        for (const change of changesOf(this.#layout, pair)) found.push(change);
        this.#pairs.pop();
        continue;
      }
      if (found.length > 0) return found;
      const below = yield* pairsBelow(this.#layout, pair, this.#room);
      this.#pairs.pop();
      for (let i = below.length - 1; i >= 0; i--) this.#pairs.push(below[i] as Pair<K>);
    }
  }

  /** Calls `visit` with each change in the order of the keys' hashes, until it returns `false`. */
  *walk(visit: (change: KamtChange<V, K>) => unknown): Fetching<void> {
    for (;;) {
      const found = yield* this.next();
      if (found === undefined) return;
      for (const change of found) if (visit(change) === false) return;
    }
  }

  /** The changes in the order of the keys' hashes, over a store that answers at once. */
  *changes(store: SyncBlockReader): Generator<KamtChange<V, K>, void> {
    for (;;) {
      const found = runSync(this.next(), store);
      if (found === undefined) return;
      yield* found;
    }
  }

  /**
   * The changes that are left, over any store, of which up to `concurrency` blocks are asked for at the same time: more
   * than one come in no order.
   *
   * @throws {KamtError} a node is none
   * @throws {HostFault} `host/block-missing`, `host/aborted`
   */
  async *changesAsync(store: AsyncBlockReader, options: KamtAsyncOptions = {}): AsyncGenerator<KamtChange<V, K>, void> {
    if ((options.concurrency ?? 1) <= 1) {
      for (;;) {
        const found = await runAsync(this.next(), store, options);
        if (found === undefined) return;
        yield* found;
      }
    }
    const layout = this.#layout;
    const room = this.#room;
    const step = function* (pair: Pair<K>, found: KamtChange<V, K>[], more: Pair<K>[]): Fetching<void> {
      const below = isSettled(pair) ? [pair] : yield* pairsBelow(layout, pair, room);
      for (const one of below) {
        if (!isSettled(one)) more.push(one);
        else for (const change of changesOf(layout, one)) found.push(change);
      }
    };
    for await (const found of inParallel(this.#pairs.splice(0), step, store, options)) yield* found;
  }
}

/**
 * What differs between the trees of two roots: of every key that only one has, or that has another value, what each
 * side holds.
 *
 * @throws {KamtError} `kamt/option-out-of-range`
 * @example
 * const changed = [...diffKamt(before, after, u256Codec, evmStorage).changes(store)];
 */
export function diffKamt<V, K>(
  before: CidBytes,
  after: CidBytes,
  codec: KamtCodec<V>,
  options: KamtOptions<K>,
): KamtDiff<V, K> {
  return new KamtDiff(layoutOf(codec, options), pairsOfRoots(before, after));
}

function pairsOfRoots<K>(before: CidBytes, after: CidBytes): Pair<K>[] {
  if (equalBytes(before, after)) return [];
  const sideOf = (root: CidBytes): Side<K> => ({
    pointer: new Pointer<K>(undefined, root.slice(), undefined, noExtension),
    depth: 0,
  });
  return [{ bit: 0, before: sideOf(before), after: sideOf(after) }];
}
