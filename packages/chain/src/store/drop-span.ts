import { targetBelow } from "../link/link-run.ts";
import type { LinkedTipset } from "../link/link-types.ts";
import type { ChainReader } from "./chain-reader.ts";
import type { HeightRange } from "./height-ranges.ts";
import { canonicalLowest, refOf, type Span } from "./span.ts";
import type { ChainBatch } from "./tables.ts";

/**
 * Removes the lowest tipsets of a span from the canonical chain. From the low end, so that what is left is a span like
 * any other, should the process die before the rest is gone.
 */
export function dropLowest(
  reader: ChainReader,
  span: Span,
  most: number,
  batch: ChainBatch,
): { readonly left: Span | undefined; readonly cleared: HeightRange | undefined } {
  const lowest = canonicalLowest(span);
  if (lowest === undefined || span.upper === undefined) return { left: undefined, cleared: undefined };
  let bottom: LinkedTipset | undefined;
  let count = 0;
  for (const tipset of reader.tipsets({ from: lowest, to: span.upper.height })) {
    if (count++ === most) {
      bottom = tipset;
      break;
    }
    batch.clear(tipset.height, tipset.row as Uint8Array);
  }
  const cleared = { from: lowest, to: bottom === undefined ? span.upper.height : bottom.height - 1 };
  if (bottom === undefined) return { left: undefined, cleared };
  const { id, upper } = span;
  return { left: { id, upper, lowest: refOf(bottom), next: targetBelow(bottom), reachedGenesis: false }, cleared };
}
