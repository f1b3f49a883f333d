import type { Codec, Fetching } from "@copse/ipld";
import type { AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";
import { stateOfSingleton } from "../actor-of-kind.ts";
import { amountField, cidField, numberField, uintField } from "../field-codecs.ts";
import type { StateTree } from "../state-tree.ts";
import { struct } from "../struct.ts";

/** State of the market actor, f05. */
export interface MarketState {
  /** AMT: deal to proposal, until the deal is over. */
  readonly proposals: CID;
  /** AMT: deal to state, once it is activated. */
  readonly states: CID;
  /** HAMT: a set of CIDs of proposals that are published and not activated. */
  readonly pendingProposals: CID;
  /** HAMT: ID address to its funds in the market, what is locked included. */
  readonly escrowTable: CID;
  /** HAMT: ID address to the part of its funds that is locked. */
  readonly lockedTable: CID;
  readonly nextId: bigint;
  /** HAMT: epoch, since actors v14 twice the epoch, to set of deals that are looked after then. See `dealOpKey`. */
  readonly dealOpsByEpoch: CID;
  readonly lastCron: number;
  readonly totalClientLockedCollateral: AttoFil;
  readonly totalProviderLockedCollateral: AttoFil;
  readonly totalClientStorageFee: AttoFil;
  /** HAMT: deal to its allocation in the verified registry, until it is activated. Since actors v9. */
  readonly pendingDealAllocationIds: CID | undefined;
  /** HAMT: provider to HAMT of sector to deals. Since actors v13. */
  readonly providerSectors: CID | undefined;
}

/** How the market holds its state. Shape: 11 fields; v9 and v13 add one each. */
export const marketStateCodec: Codec<MarketState> = struct<MarketState>(
  "market actor's state",
  {
    proposals: cidField,
    states: cidField,
    pendingProposals: cidField,
    escrowTable: cidField,
    lockedTable: cidField,
    nextId: uintField,
    dealOpsByEpoch: cidField,
    lastCron: numberField,
    totalClientLockedCollateral: amountField,
    totalProviderLockedCollateral: amountField,
    totalClientStorageFee: amountField,
    pendingDealAllocationIds: cidField,
    providerSectors: cidField,
  },
  [
    { actors: 8, lacks: ["pendingDealAllocationIds", "providerSectors"] },
    { actors: 9, lacks: ["providerSectors"] },
    { actors: 13, lacks: [] },
  ],
);

/**
 * State of the market actor.
 *
 * @throws {StateError} `state/actor-missing`, `state/actors-too-old`, `state/layout-unknown`
 * @see builtin-actors:actors/market/src/state.rs
 * @example
 * const market = runSync(marketState(tree), store);
 * const proposal = runSync(dealProposals(market), store).getSync(1234n, store);
 */
export function marketState(tree: StateTree): Fetching<MarketState> {
  return stateOfSingleton(tree, 5, marketStateCodec);
}
