import { type Amt, loadAmt } from "@copse/amt";
import { type Hamt, loadHamt, uintKeys } from "@copse/hamt";
import { type Fetching, fromCid } from "@copse/ipld";
import { Address, type AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";
import { addressKeys, amountField, cidField, cidKeys, listOf, nothingField, uintField } from "../field-codecs.ts";
import { type DealProposal, dealProposalCodec } from "./deal-proposal.ts";
import { type DealState, dealStateCodecV8, dealStateCodecV13 } from "./deal-state.ts";
import type { MarketState } from "./market-state.ts";

/** Tables of balances are wider than other trees. */
const balances = { version: 3, bitWidth: 6, keys: addressKeys } as const;

/**
 * The proposals of deals that are not over, by deal ID.
 *
 * @throws {AmtError} its node is none
 * @example
 * const deal = runSync(dealProposals(market), store).getSync(1234n, store);
 */
export function dealProposals(market: MarketState): Fetching<Amt<DealProposal>> {
  return loadAmt(fromCid(market.proposals), dealProposalCodec, { version: 3 });
}

/**
 * The states of deals that are active, by deal ID.
 *
 * @throws {AmtError} its node is none
 * @example
 * const since = runSync(dealStates(market), store).getSync(1234n, store)?.sectorStartEpoch;
 */
export function dealStates(market: MarketState): Fetching<Amt<DealState>> {
  const codec = market.providerSectors === undefined ? dealStateCodecV8 : dealStateCodecV13;
  return loadAmt(fromCid(market.states), codec, { version: 3 });
}

/**
 * The set of CIDs of proposals that are published and not active yet: a key each, and nothing as its value.
 *
 * @throws {HamtError} its node is none
 * @example
 * const isPending = runSync(pendingProposals(market), store).hasSync(proposalCid, store);
 */
export function pendingProposals(market: MarketState): Fetching<Hamt<null, CID>> {
  return loadHamt(fromCid(market.pendingProposals), nothingField, { version: 3, keys: cidKeys });
}

/**
 * Funds in the market, by ID address, what is locked included.
 *
 * @throws {HamtError} its node is none
 * @example
 * const funds = runSync(escrowBalances(market), store).getSync(Address.id(1000), store) ?? AttoFil.zero;
 */
export function escrowBalances(market: MarketState): Fetching<Hamt<AttoFil, Address>> {
  return loadHamt(fromCid(market.escrowTable), amountField, balances);
}

/**
 * The part of funds in the market that is locked, by ID address.
 *
 * @throws {HamtError} its node is none
 * @example
 * const locked = runSync(lockedBalances(market), store).getSync(Address.id(1000), store) ?? AttoFil.zero;
 */
export function lockedBalances(market: MarketState): Fetching<Hamt<AttoFil, Address>> {
  return loadHamt(fromCid(market.lockedTable), amountField, balances);
}

/**
 * Epochs at which deals are looked after, each with its set of them. See {@link dealsAt}.
 *
 * Keys are the varints as they stand: the epoch in actors v8 to v13; twice the epoch since v14, which writes them as signed
 * numbers. What v13 left was not rewritten, so newer states may hold keys of both kinds. `dealOpKey` gives the one under
 * which the actor looks for an epoch.
 *
 * @throws {HamtError} its node is none
 * @see builtin-actors:runtime/src/util/set_multimap.rs
 * @example
 * const epochs = [...runSync(dealOps(market), store).keys(store)];
 */
export function dealOps(market: MarketState): Fetching<Hamt<CID, bigint>> {
  return loadHamt(fromCid(market.dealOpsByEpoch), cidField, { version: 3, keys: uintKeys });
}

/**
 * The deals under a key of {@link dealOps}, as a set of IDs; `undefined` where there are none.
 *
 * @throws {HamtError} a node is none
 * @example
 * const key = dealOpKey(market, code, epoch);
 * const deals = [...(runSync(dealsAt(market, key), store)?.keys(store) ?? [])];
 */
export function* dealsAt(market: MarketState, key: bigint): Fetching<Hamt<null, bigint> | undefined> {
  const root = yield* (yield* dealOps(market)).get(key);
  return root === undefined ? undefined : yield* loadHamt(fromCid(root), nothingField, { version: 3, keys: uintKeys });
}

/**
 * The allocation in the verified registry of each deal that has one and is not active yet; `undefined` in actors v8.
 *
 * @throws {HamtError} its node is none
 * @example
 * const allocation = runSync(pendingDealAllocations(market), store)?.getSync(1234n, store);
 */
export function* pendingDealAllocations(market: MarketState): Fetching<Hamt<bigint, bigint> | undefined> {
  const root = market.pendingDealAllocationIds;
  return root === undefined ? undefined : yield* loadHamt(fromCid(root), uintField, { version: 3, keys: uintKeys });
}

/**
 * The deals in each sector of a provider, by sector number; `undefined` where it has none, and before actors v13.
 *
 * @param provider ID address of the miner
 * @throws {TypesError} `address/kind-wrong`
 * @throws {HamtError} a node is none
 * @example
 * const deals = runSync(providerDeals(market, Address.id(1000)), store)?.getSync(7n, store) ?? [];
 */
export function* providerDeals(
  market: MarketState,
  provider: Address,
): Fetching<Hamt<readonly bigint[], bigint> | undefined> {
  const root = market.providerSectors;
  if (root === undefined) return undefined;
  const keys = { version: 3, keys: uintKeys } as const;
  const sectors = yield* (yield* loadHamt(fromCid(root), cidField, keys)).get(Address.idOf(provider));
  return sectors === undefined ? undefined : yield* loadHamt(fromCid(sectors), listOf(uintField), keys);
}
