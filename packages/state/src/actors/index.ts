export { type AccountState, accountState, accountStateCodec } from "./account.ts";
export { type AnyActorState, actorState, type StateByKind } from "./any.ts";
export { type CronEntry, type CronState, cronState, cronStateCodec } from "./cron.ts";
export { type InitState, initAddresses, initState, initStateCodec } from "./init.ts";
export {
  type CronEvent,
  cronEpochs,
  cronEvents,
  type PowerState,
  powerClaims,
  powerState,
  powerStateCodec,
} from "./power.ts";
export { type RewardState, rewardState, rewardStateCodec } from "./reward.ts";
export { type FilterEstimate, filterEstimateCodec } from "./smoothing.ts";
export { actorCodes, type SystemState, systemState, systemStateCodec } from "./system.ts";
