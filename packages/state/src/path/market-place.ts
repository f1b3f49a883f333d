import { loadHamt, uintKeys } from "@copse/hamt";
import { fromCid } from "@copse/ipld";
import type { CID } from "multiformats/cid";
import { cidField, listOf, uintField } from "../field-codecs.ts";
import { dealOpKey } from "../market/deal-op-key.ts";
import {
  dealOps,
  dealProposals,
  dealStates,
  escrowBalances,
  lockedBalances,
  pendingDealAllocations,
  pendingProposals,
} from "../market/deals.ts";
import type { MarketState } from "../market/market-state.ts";
import { cidOfSegment, epochKey, idAddressKey, idKey, mapPlace, type Place, structPlace, uintKey } from "./place.ts";

const byUint = { version: 3, keys: uintKeys } as const;

/** The market's state as a place of paths. */
export function marketPlace(state: MarketState, code: CID): Place {
  const { providerSectors } = state;
  const sectors = (root: CID): Place =>
    mapPlace(root, () => loadHamt(fromCid(root), listOf(uintField), byUint), uintKey);
  const opKey = (segment: string): bigint => dealOpKey(state, code, epochKey(segment));
  return structPlace(state, {
    proposals: mapPlace(state.proposals, () => dealProposals(state), uintKey),
    states: mapPlace(state.states, () => dealStates(state), uintKey),
    pendingProposals: mapPlace(state.pendingProposals, () => pendingProposals(state), cidOfSegment),
    escrowTable: mapPlace(state.escrowTable, () => escrowBalances(state), idAddressKey),
    lockedTable: mapPlace(state.lockedTable, () => lockedBalances(state), idAddressKey),
    dealOpsByEpoch: mapPlace(state.dealOpsByEpoch, () => dealOps(state), opKey),
    pendingDealAllocationIds: mapPlace(state.pendingDealAllocationIds, () => pendingDealAllocations(state), uintKey),
    ...(providerSectors === undefined
      ? {}
      : {
          providerSectors: mapPlace(
            providerSectors,
            () => loadHamt(fromCid(providerSectors), cidField, byUint),
            idKey,
            sectors,
          ),
        }),
  });
}
