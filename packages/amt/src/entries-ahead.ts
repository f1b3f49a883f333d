import { type AsyncBlockReader, runAsync } from "@copse/ipld";
import { type AheadOptions, leavesAhead } from "./ahead.ts";
import { AmtCursor, type AmtEntry } from "./cursor.ts";
import { capacity, type Index, indexAt } from "./layout.ts";
import { Leaf } from "./node.ts";
import { Place } from "./place.ts";
import type { Trunk } from "./trunk.ts";

/**
 * The values of a tree from an index on, in index order, with up to `concurrency` blocks asked for at a time.
 *
 * Bound: as for {@link leavesAhead}; for one block at a time, as for {@link AmtCursor}.
 *
 * @throws {AmtError} a node is none
 */
export async function* entriesAhead<V>(
  trunk: Trunk<V>,
  from: Index,
  store: AsyncBlockReader,
  options: AheadOptions,
): AsyncGenerator<AmtEntry<V>, void> {
  if ((options.concurrency ?? 1) <= 1) {
    const cursor = new AmtCursor(trunk, from);
    for (;;) {
      const leaf = await runAsync(cursor.next(), store, options);
      if (leaf === undefined) return;
      yield* leaf;
    }
  }
  const { layout, values } = trunk;
  const below = (place: Place): Place[] => {
    const places = place.below(layout);
    if (from === 0) return places;
    const span = capacity(layout, place.height - 1);
    return places.filter(({ high, low }) => indexAt(layout, high, low) + span > from);
  };
  const root = new Place(undefined, trunk.node, trunk.height, 0, 0);
  for await (const { after, high, low } of leavesAhead([root], layout, below, store, options)) {
    if (!(after instanceof Leaf)) continue;
    const entries: AmtEntry<V>[] = []; // decoded before others run, which may change a leaf that the tree keeps
    for (let slot = 0; slot < after.spans.length; slot++) {
      const span = after.spans[slot];
      if (span === undefined) continue;
      const index = indexAt(layout, high, low | slot);
      if (index < from) continue;
      entries.push([index, values.at(after.source, span)]);
    }
    yield* entries;
  }
}
