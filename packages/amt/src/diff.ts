import { type AsyncBlockReader, CborWriter, cidOf, type Fetching, type SyncBlockReader } from "@copse/ipld";
import { type AheadOptions, leavesAhead } from "./ahead.ts";
import { type Amt, trunkOf } from "./amt.ts";
import { blockOf } from "./block-of.ts";
import { AmtError } from "./errors.ts";
import { indexAt, type Layout } from "./layout.ts";
import { type AmtNode, Branch, encodeNode, type Leaf } from "./node.ts";
import { Place } from "./place.ts";
import { endOf, isSame, startOf } from "./span.ts";
import type { Trunk } from "./trunk.ts";
import type { ValueReader } from "./value-reader.ts";

/** An index whose value is another in the second of two trees: added, removed or changed. */
export interface AmtChange<V, W = V> {
  readonly index: bigint;
  /** `undefined` where the first tree holds none. */
  readonly before: V | undefined;
  /** `undefined` where the second tree holds none. */
  readonly after: W | undefined;
}

/**
 * What differs between two AMTs, in index order, a leaf at a time.
 *
 * Subtrees that both have are told by their CIDs and never loaded. Neither tree keeps what is loaded.
 * Bound: the children of the branches from the root to the current leaf.
 */
export class AmtDiff<V, W = V> {
  readonly #layout: Layout;
  readonly #before: ValueReader<V>;
  readonly #after: ValueReader<W>;
  /** Places to look at, the next one last. */
  readonly #places: Place[];

  /** @internal use `diffAmt` */
  constructor(before: ValueReader<V>, after: ValueReader<W>, layout: Layout, place: Place) {
    this.#before = before;
    this.#after = after;
    this.#layout = layout;
    this.#places = [place];
  }

  /**
   * The next changes, of one leaf; `undefined` when there are no more.
   *
   * @throws {AmtError} a node is none
   */
  *next(): Fetching<readonly AmtChange<V, W>[] | undefined> {
    for (let place = this.#places.at(-1); place !== undefined; place = this.#places.at(-1)) {
      for (let cid = place.wanted(); cid !== undefined; cid = place.wanted()) place.give(this.#layout, yield cid);
      const changes = this.#take(place);
      if (changes !== undefined) return changes;
    }
    return undefined;
  }

  /** Calls `visit` with each change, until it returns `false`. */
  *walk(visit: (change: AmtChange<V, W>) => unknown): Fetching<void> {
    for (;;) {
      const changes = yield* this.next();
      if (changes === undefined) return;
      for (const change of changes) if (visit(change) === false) return;
    }
  }

  /** The changes, over a store that answers at once and has the blocks of both trees. */
  *changes(store: SyncBlockReader): Generator<AmtChange<V, W>, void> {
    for (let place = this.#places.at(-1); place !== undefined; place = this.#places.at(-1)) {
      for (let cid = place.wanted(); cid !== undefined; cid = place.wanted()) {
        place.give(this.#layout, blockOf(store, cid));
      }
      yield* this.#take(place) ?? [];
    }
  }

  /**
   * The changes in index order, over any store that has the blocks of both trees, of which up to `concurrency` are asked
   * for at a time. After it, or when it is left, this diff is at its end.
   *
   * Bound: `4 * concurrency` leaves, and the children of the branches on the way to them.
   */
  async *changesAsync(store: AsyncBlockReader, options: AheadOptions = {}): AsyncGenerator<AmtChange<V, W>, void> {
    const places = this.#places.splice(0).reverse();
    const below = (place: Place): Place[] => place.below(this.#layout);
    for await (const place of leavesAhead(places, this.#layout, below, store, options)) {
      yield* this.#changesAt(place);
    }
  }

  /** Takes the last place, all of whose blocks are there: its changes, or the places below it. */
  #take(place: Place): AmtChange<V, W>[] | undefined {
    this.#places.pop();
    if (place.before instanceof Branch || place.after instanceof Branch) {
      const below = place.below(this.#layout);
      for (let i = below.length - 1; i >= 0; i--) this.#places.push(below[i] as Place);
      return undefined;
    }
    const changes = this.#changesAt(place);
    return changes.length > 0 ? changes : undefined;
  }

  #changesAt({ before: a, after: b, high, low }: Place): AmtChange<V, W>[] {
    const [before, after] = [a as Leaf | undefined, b as Leaf | undefined];
    const changes: AmtChange<V, W>[] = [];
    const end = Math.max(before?.spans.length ?? 0, after?.spans.length ?? 0);
    for (let slot = 0; slot < end; slot++) {
      if (isEqualAt(before, after, slot)) continue;
      const index = indexAt(this.#layout, high, low | slot);
      changes.push({ index, before: valueAt(this.#before, before, slot), after: valueAt(this.#after, after, slot) });
    }
    return changes;
  }
}

/** Whether two leaves have the same value, or none, in a slot. */
function isEqualAt(before: Leaf | undefined, after: Leaf | undefined, slot: number): boolean {
  const a = before?.spans[slot];
  const b = after?.spans[slot];
  if (a === undefined || b === undefined) return a === b;
  const { source } = after as Leaf;
  if (typeof b === "number") return isSame(a, (before as Leaf).source, source, startOf(b), endOf(b));
  return isSame(a, (before as Leaf).source, b.bytes, b.start, b.end);
}

function valueAt<V>(values: ValueReader<V>, leaf: Leaf | undefined, slot: number): V | undefined {
  const span = leaf?.spans[slot];
  return span === undefined ? undefined : values.at((leaf as Leaf).source, span);
}

/**
 * What differs between two trees of one bit width; their heights, versions and codecs may be others, and either may have
 * changes that are not flushed. Values are the same when their CBOR is.
 *
 * Cost: the blocks on the ways to what differs, of both trees; without any difference none.
 *
 * @throws {AmtError} `amt/bit-widths-differ`
 * @see go-amt-ipld:diff.go, ref-fvm:ipld/amt/src/diff.rs
 * @example
 * for (const { index, before, after } of diffAmt(parent, child).changes(store)) console.log(index, before, after);
 */
export function diffAmt<V, W = V>(before: Amt<V>, after: Amt<W>): AmtDiff<V, W> {
  const [a, b] = [trunkOf(before), trunkOf(after)];
  if (a.layout.bitWidth !== b.layout.bitWidth) {
    throw new AmtError("amt/bit-widths-differ", { before: a.layout.bitWidth, after: b.layout.bitWidth });
  }
  const height = Math.max(a.height, b.height);
  // the index bounds of the wider form; a tree never has values past its own
  const layout = a.layout.maxIndex > b.layout.maxIndex ? a.layout : b.layout;
  return new AmtDiff(a.values, b.values, layout, new Place(raised(a, height), raised(b, height), height, 0, 0));
}

/** The root's node as it would stand in a taller tree; `undefined` where it is empty. */
function raised<V>(trunk: Trunk<V>, height: number): AmtNode | undefined {
  const { layout } = trunk;
  let { node } = trunk;
  if (node.items === 0) return undefined;
  if (trunk.height < height && trunk.root !== undefined) {
    // a tree that has grown since has this node as a block of its own, under this CID
    const writer = new CborWriter();
    encodeNode(writer, layout, node);
    node.cid = cidOf(writer.finish());
  }
  for (let above = trunk.height + 1; above <= height; above++) {
    const branch = new Branch(layout, above, new Uint8Array());
    branch.slots[0] = node;
    branch.items = 1;
    node = branch;
  }
  return node;
}
