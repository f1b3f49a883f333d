export { dealOpKey } from "./deal-op-key.ts";
export { type DealProposal, dealProposalCodec } from "./deal-proposal.ts";
export { type DealState, dealStateCodecV8, dealStateCodecV13 } from "./deal-state.ts";
export {
  dealOps,
  dealProposals,
  dealStates,
  dealsAt,
  escrowBalances,
  lockedBalances,
  pendingDealAllocations,
  pendingProposals,
  providerDeals,
} from "./deals.ts";
export { type MarketState, marketState, marketStateCodec } from "./market-state.ts";
