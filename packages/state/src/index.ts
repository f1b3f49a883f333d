export { accountKey } from "./account.ts";
export { type Actor, actorCodec, type StateTreeVersion } from "./actor.ts";
export { type ActorKind, actorKind, actorsVersion } from "./actor-kind.ts";
export type { ActorState, MutableVersion } from "./actor-state.ts";
export { StateError, type StateFacts } from "./errors.ts";
export {
  buildGenesisState,
  type GenesisMiner,
  type GenesisState,
  type GenesisStateOptions,
} from "./genesis/build-genesis-state.ts";
export { getActor, networkName, nextActorId, resolveId } from "./init.ts";
export { type MinerInfo, type MinerStanding, minerInfo, minerStanding } from "./miner/miner-info.ts";
export { type MinerState, minerFeeDebt, minerState } from "./miner/miner-state.ts";
export { MutableStateTree } from "./mutable-state-tree.ts";
export { type PowerClaim, type PowerTotals, powerClaim, powerTotals, walkPowerClaims } from "./power.ts";
export { actorOfId, loadStateTree, type StateTree } from "./state-tree.ts";
