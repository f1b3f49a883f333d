// The subpath `@copse/chain/validate`: tipsets checked by rule, signatures handed back in batches.
export { type BeaconBelow, beaconSearchDepth } from "./block-values.ts";
export { beaconBelow, type CheckedBeacons, checkBeacons } from "./check-beacons.ts";
export { checkHeader, type HeaderContext } from "./check-header.ts";
export {
  type CheckedLeader,
  type CheckedLeaders,
  checkLeaders,
  type LeaderContext,
  type LeaderStates,
} from "./check-leaders.ts";
export type { SignatureCounts } from "./check-message-signatures.ts";
export {
  blockMessageLimit,
  type CheckedMessages,
  checkBaseFee,
  checkMessages,
  type MessageContext,
} from "./check-messages.ts";
export { checkSenders } from "./check-senders.ts";
export { checkParentWeight } from "./check-weight.ts";
export { type BlockCode, BlockError, type BlockFacts, sayBlockFault } from "./errors.ts";
export {
  asExact,
  type LeaderPower,
  leaderReads,
  readPower,
  readStanding,
  readWorker,
  type StateAtHand,
  stateAtHand,
} from "./leader-state.ts";
export type { BlockMessages } from "./read-messages.ts";
export { type AccountKeys, readAccountKeys } from "./senders.ts";
export { type BlockFault, blockError, type Fate, type RuleChecks, settle, type Verdict, verdictOf } from "./verdict.ts";
export { type WinningPostInfo, type WinningPostVerifier, winningPostInfo } from "./winning-post.ts";
