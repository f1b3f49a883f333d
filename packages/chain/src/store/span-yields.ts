import type { TipsetKey } from "@copse/types";
import type { LinkedTipset } from "../link/link-types.ts";
import type { ChainReader } from "./chain-reader.ts";
import { headWeight } from "./chain-weight.ts";
import { canonicalLowest, type Span, type TipsetRef } from "./span.ts";

/**
 * True when a span that stands in the way of another may go: it met nothing yet, is lighter, and holds nothing chosen.
 *
 * @param chosen the head and the checkpoint
 */
export function spanYields(
  reader: ChainReader,
  span: Span | undefined,
  to: Span | undefined,
  chosen: readonly (TipsetRef | undefined)[],
): boolean {
  if (span?.upper === undefined || to?.upper === undefined || span.reachedGenesis) return false;
  const { height: top } = span.upper;
  const bottom = canonicalLowest(span) ?? 0;
  if (chosen.some((it) => it !== undefined && it.height <= top && it.height >= bottom)) return false;
  const find = (key: TipsetKey): LinkedTipset | undefined => reader.tipset(key);
  const [mine, theirs] = [find(span.upper.key), find(to.upper.key)];
  return mine !== undefined && theirs !== undefined && headWeight(mine, find) < headWeight(theirs, find);
}
