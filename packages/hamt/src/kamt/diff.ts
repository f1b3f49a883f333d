import {
  type AsyncBlockReader,
  type CidBytes,
  type Fetching,
  runAsync,
  runSync,
  type SyncBlockReader,
} from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";
import { noExtension } from "./extension.ts";
import { type KamtCodec, type KamtOptions, type Layout, layoutOf } from "./layout.ts";
import { changesOf, isSettled, type KamtChange, type Pair, pairsBelow } from "./pairs.ts";

/** How a diff over an asynchronous store goes about it. */
export interface KamtDiffOptions extends AbortOptions {
  /** Pairs of nodes in flight at most; 8 by default. */
  readonly concurrency?: number | undefined;
}

/**
 * A walk through what differs between two trees. Subtrees that both share are never loaded.
 *
 * Cost: the blocks on the ways to what differs, of each side. Bound: memory for the ways to the current place.
 */
export class KamtDiff<V, K> {
  readonly #layout: Layout<K, V>;
  /** Pairs still to be compared, the next one last. */
  readonly #pairs: Pair<K>[];

  /** @internal use `diffKamt` */
  constructor(layout: Layout<K, V>, pair: Pair<K>) {
    this.#layout = layout;
    this.#pairs = [pair];
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
      const below = yield* pairsBelow(this.#layout, pair);
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
   * The changes over any store, with several pairs of nodes in flight: in the order in which their blocks come.
   *
   * Bound: what `concurrency` pairs of nodes open up, with the ways to them.
   *
   * @throws {KamtError} a node is none
   * @throws {HostFault} `host/block-missing`, `host/aborted`
   */
  async *changesAsync(store: AsyncBlockReader, options: KamtDiffOptions = {}): AsyncGenerator<KamtChange<V, K>, void> {
    const { concurrency = 8, signal } = options;
    const left = new AbortController();
    const inside = { signal: signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]) };
    const flights = new Map<number, Promise<readonly [flight: number, pairs: Pair<K>[]]>>();
    let count = 0;
    try {
      for (;;) {
        while (flights.size < Math.max(1, concurrency)) {
          const pair = this.#pairs.pop();
          if (pair === undefined) break;
          if (isSettled(pair)) {
            yield* changesOf(this.#layout, pair);
            continue;
          }
          const flight = count++;
          const steps = pairsBelow(this.#layout, pair);
          flights.set(
            flight,
            runAsync(steps, store, inside).then((pairs) => [flight, pairs] as const),
          );
        }
        if (flights.size === 0) return;
        const [flight, pairs] = await Promise.race(flights.values());
        flights.delete(flight);
        for (let i = pairs.length - 1; i >= 0; i--) this.#pairs.push(pairs[i] as Pair<K>);
      }
    } finally {
      left.abort();
      for (const flight of flights.values()) flight.catch(() => undefined); // nobody waits for what was cut short
    }
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
  const sideOf = (root: CidBytes) => ({
    pointer: { bucket: undefined, cid: root.slice(), node: undefined, extension: noExtension },
    depth: 0,
  });
  return new KamtDiff(layoutOf(codec, options), { bit: 0, before: sideOf(before), after: sideOf(after) });
}
