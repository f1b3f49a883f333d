import type { TipsetKey } from "@copse/types";
import type { LinkedTipset } from "../link/link-types.ts";
import { inferLog2Power, tipsetWeight } from "../rules/weight.ts";

/**
 * The weight of a tipset as a head. Where its own log2 of power is not known, for no child tells it, that of its parent
 * stands in, which its own `parentWeight` tells: power doubles or halves rarely. Without a parent its gain is left out.
 *
 * @param parent finds a stored tipset
 * @see lotus chain/consensus/filcns/weight.go
 * @example
 * headWeight(head, (key) => store.reader.tipset(key)) // => 1_234n
 */
export function headWeight(head: LinkedTipset, parent: (key: TipsetKey) => LinkedTipset | undefined): bigint {
  let power: number | undefined = head.log2Power < 0 ? undefined : head.log2Power;
  if (power === undefined && head.height > 0) {
    const below = parent(head.parents);
    power = below && inferLog2Power(head.parentWeight - below.parentWeight, below.winCount);
  }
  return power === undefined ? head.parentWeight : tipsetWeight(head.parentWeight, power, head.winCount);
}
