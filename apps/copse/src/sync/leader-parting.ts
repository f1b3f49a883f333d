import type { ChainStore, LinkedTipset } from "@copse/chain";
import { latin1 } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import type { Strands, ToldTipset } from "./leader-strands.ts";

/** Where a head's chain parts from the others. */
export interface Parting {
  /** The place of its first tipset that some rival does not stand on; `undefined` where none is known that it parts from. */
  readonly place: number | undefined;
  /** Whether a rival goes on further down than is looked, and was met nowhere. */
  readonly isUnmet: boolean;
}

/** Where a head's chain parts from the others and the stored one, as far as that is known. */
export function partingPlace(
  chain: readonly LinkedTipset[],
  head: ToldTipset,
  tops: readonly ToldTipset[],
  strands: Strands,
  store: ChainStore,
): Parting {
  const places = new Map(chain.map(({ key }, i) => [latin1(key), i]));
  const bottom = (chain[0] as LinkedTipset).parents;
  let lowest: number | undefined;
  let isUnmet = false;
  const part = (place: number): void => {
    lowest = Math.min(lowest ?? place, place);
  };
  for (const rival of tops) {
    // what nobody serves is no rival: it could not be had either
    if (rival === head || strands.endOf(rival.key).kind === "unserved") continue;
    let last = rival.key; // the lowest key of the rival that is not ours
    let met: number | undefined;
    for (const { key, parents } of strands.chain(rival.key)) {
      met = places.get(latin1(key));
      if (met !== undefined) break;
      last = parents;
    }
    met ??= places.get(latin1(last));
    if (met !== undefined) part(met + 1);
    else if (TipsetKey.equals(last, bottom) || store.reader.isCanonical(bottom)) part(0);
    else isUnmet = true;
  }
  // the stored chain is a rival too, where the head does not stand on its top
  const own = store.head;
  if (own !== undefined && own.height > 0 && store.reader.isCanonical(bottom)) {
    if (!TipsetKey.equals(own.key, bottom)) part(0);
  }
  return { place: lowest, isUnmet };
}
