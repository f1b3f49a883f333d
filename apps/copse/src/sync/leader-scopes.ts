import { type ChainReader, coversRange, type HeightRange } from "@copse/chain";
import { chainFinality } from "@copse/chain/rules";
import { decodeBlockHeader } from "@copse/types";
import { maxStateAge } from "./state-cache.ts";

/**
 * Where leaders are checked: above genesis, whose state may be at hand; near the head, where peers keep states; and those
 * stretches between whose state is in the store already. To ask peers for the others would take days on a long chain,
 * and nobody has them.
 *
 * Cost: one look-up for each 5,760 epochs between.
 */
export function leaderScopes(
  { from, to }: HeightRange,
  reader: Pick<ChainReader, "tipsetAt" | "getSync">,
): HeightRange[] {
  const late = Math.max(from, to - 2 * chainFinality);
  const scopes: HeightRange[] = [];
  for (let start = from; start <= to; start = Math.max(start, end(start)) + 1) {
    const range = { from: start, to: end(start) };
    if (range.from <= maxStateAge || range.to >= late || isHeld(range.from, reader)) scopes.push(range);
  }
  return joined(scopes);

  function end(start: number): number {
    const stretch = (Math.floor(start / maxStateAge) + 1) * maxStateAge;
    return Math.min(to, start < late ? Math.min(stretch, Math.max(start, late - 1)) : to);
  }
}

/** Whether the state that the first tipset from a height on names is in the store. */
function isHeld(height: number, reader: Pick<ChainReader, "tipsetAt" | "getSync">): boolean {
  const header = reader.tipsetAt(height, "next")?.headers[0];
  return header !== undefined && reader.getSync(decodeBlockHeader(header).parentStateRoot.bytes) !== undefined;
}

function joined(ranges: readonly HeightRange[]): HeightRange[] {
  const result: HeightRange[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    if (last !== undefined && last.to === range.from - 1) result[result.length - 1] = { from: last.from, to: range.to };
    else if (!coversRange(result, range)) result.push(range);
  }
  return result;
}
