import type { ChainStore } from "@copse/chain";
import { chainFinality, createEcFinality } from "@copse/chain/rules";
import { chainCidLength } from "@copse/ipld";
import { TipsetKey } from "@copse/types";

/**
 * What Expected Consensus alone makes final: nothing that certificates say is in it.
 *
 * @see lotus:chain/types/finality.go FinalityStatus, whose names these are
 */
export interface EcFinalityStatus {
  /** Epochs below the head from which on a reorganisation has less than one chance in 2^30; -1 where none has so little. */
  readonly ecFinalityThresholdDepth: number;
  /** The newest tipset so deep. */
  readonly ecFinalizedTipSet: { readonly Cids: readonly { readonly "/": string }[]; readonly Height: number } | null;
}

/** Epochs that are looked at: the lookback, and some more for the head of it. */
const windowSize = chainFinality + 5;

/** One for all: it keeps tables, and the answer of each store's newest head. */
const calculator = createEcFinality();
const newest = new WeakMap<ChainStore, { readonly head: string; readonly status: EcFinalityStatus }>();

/**
 * How deep below its head a stored chain is final by the count of its blocks; `undefined` without a head.
 *
 * It is told, and refuses nothing: forks may take back 900 tipsets, as in Lotus, for the count is of blocks whose leaders
 * may not be checked.
 *
 * Cost: some 40 ms for each new head, 100 ms more for the first.
 *
 * @see lotus:chain/ecfinality/cache.go
 * @example
 * ecFinality(store)?.ecFinalizedTipSet?.Height // => 5_999_973
 */
export function ecFinality(store: ChainStore): EcFinalityStatus | undefined {
  const { head, reader } = store;
  if (head === undefined) return undefined;
  const name = TipsetKey.key(head.key);
  const known = newest.get(store);
  if (known?.head === name) return known.status;
  const lowest = Math.max(0, head.height - windowSize + 1);
  const counts: number[] = [];
  let next = head.height;
  for (const { key, height } of reader.tipsets({ from: lowest, to: head.height, reverse: true })) {
    for (; next > height; next--) counts.push(0); // null rounds
    counts.push(key.length / chainCidLength);
    next = height - 1;
  }
  // and those the window ends in, where the chain goes on below
  if (next >= lowest && reader.tipsetAt(lowest, "previous") !== undefined)
    for (; next >= lowest; next--) counts.push(0);
  const depth = calculator.thresholdDepth(counts.reverse());
  const final = depth === undefined ? undefined : reader.tipsetAt(Math.max(0, head.height - depth), "previous");
  const status: EcFinalityStatus = {
    ecFinalityThresholdDepth: depth ?? -1,
    ecFinalizedTipSet:
      final === undefined
        ? null
        : { Cids: TipsetKey.cids(final.key).map((cid) => ({ "/": cid.toString() })), Height: final.height },
  };
  newest.set(store, { head: name, status });
  return status;
}
