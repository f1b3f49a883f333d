import type { TipsetKey } from "@copse/types";
import type { LinkedTipset } from "../link/link-types.ts";
import { tipsetWeight } from "../rules/weight.ts";

/**
 * The weight of a tipset as a head. Where its own log2 of power is not known, for no child tells it, that of its nearest
 * ancestor that is found stands in: power doubles or halves rarely. Without any, the gain of the head itself is left out.
 *
 * @param parent finds a stored tipset
 * @see lotus chain/consensus/filcns/weight.go
 * @example
 * headWeight(head, (key) => store.tipset(key)) // => 1_234n
 */
export function headWeight(head: LinkedTipset, parent: (key: TipsetKey) => LinkedTipset | undefined): bigint {
  let power = head.log2Power;
  let below: LinkedTipset | undefined = head;
  for (let steps = 0; power < 0 && steps < 5 && below !== undefined && below.height > 0; steps++) {
    below = parent(below.parents);
    power = below?.log2Power ?? -1;
  }
  return power < 0 ? head.parentWeight : tipsetWeight(head.parentWeight, power, head.winCount);
}
