import { compareBytes } from "@copse/primitives";
import type { ChainReader } from "./chain-reader.ts";
import { type HeightRange, removeRange } from "./height-ranges.ts";
import { type ChainBatch, heightKey } from "./tables.ts";

/**
 * Writes the look-ups by digest of the highest tipsets that lack them, sorted by key.
 *
 * @returns which heights have them now, and of how many tipsets; `undefined` when none lacked them
 */
export function indexRows(
  reader: ChainReader,
  linked: readonly HeightRange[],
  indexed: readonly HeightRange[],
  most: number,
  batch: ChainBatch,
): { readonly range: HeightRange; readonly count: number } | undefined {
  let missing = [...linked];
  for (const range of indexed) missing = removeRange(missing, range);
  const highest = missing.at(-1);
  if (highest === undefined) return undefined;
  let count = 0;
  let from = highest.to;
  for (const [height, row] of reader.entries({ ...highest, reverse: true })) {
    if (count === most) break;
    batch.indexRow(heightKey(height), row);
    from = height;
    count++;
  }
  batch.rows.sort((a, b) => compareBytes(a.key, b.key));
  if (count < most) from = highest.from; // the rest are null rounds
  return { range: { from, to: highest.to }, count: Math.max(1, count) };
}
