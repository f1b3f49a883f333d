export { type Allocation, allocationCodec, type Claim, claimCodec } from "./allocation.ts";
export {
  allocationClients,
  allocations,
  claimProviders,
  claims,
  type RemovalPair,
  removalProposals,
  verifiedClients,
  verifiers,
} from "./data-caps.ts";
export {
  type VerifiedRegistryState,
  verifiedRegistryState,
  verifiedRegistryStateCodec,
} from "./registry-state.ts";
