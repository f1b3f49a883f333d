import type { Tipset } from "@copse/types";
import { ChainError } from "../errors.ts";

/**
 * The chain that ends in the tipset being executed, read at once.
 *
 * Every lookup of a machine starts at that tipset, for the null rounds below it too.
 */
export interface ChainView {
  /** The tipset being executed. */
  readonly head: Tipset;
  /** The ancestor of exactly this height, or the first above it where that is a null round; of the head's own chain. */
  atOrAbove(height: number): Tipset;
  /** The parents of one of its tipsets; none below genesis. */
  parentsOf(tipset: Tipset): Tipset | undefined;
}

/**
 * The tipset of a height as the chain's lookups have it: for a null round the one above it, or the one below.
 *
 * @throws {ChainError} `chain/lookback-out-of-range` above the head
 * @see lotus:chain/store/store.go GetTipsetByHeight
 * @example
 * lookUpTipset(view, 100, "below").height // => 99, where 100 is a null round
 */
export function lookUpTipset(view: ChainView, height: number, nullRound: "above" | "below"): Tipset {
  const head = view.head.height;
  if (height > head) throw new ChainError("chain/lookback-out-of-range", { epoch: height, head, why: "is above it" });
  if (height === head) return view.head;
  const found = view.atOrAbove(height);
  if (found.height === height || nullRound === "above") return found;
  const below = view.parentsOf(found);
  if (below !== undefined) return below;
  throw new ChainError("chain/lookback-out-of-range", { epoch: height, head, why: "is below genesis" });
}
