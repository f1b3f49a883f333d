// link and store
export { ChainError, type ChainFacts, chainError } from "./errors.ts";
export type { HeaderSkim } from "./link/header-skim.ts";
export type { LinkFault } from "./link/link-errors.ts";
export { linkRules } from "./link/link-rules.ts";
export { guessBelow, type LinkedRun, linkRun, targetBelow } from "./link/link-run.ts";
export type { LinkChild, LinkedTipset, LinkRules, LinkTarget, Pin } from "./link/link-types.ts";
export { parentsKey } from "./link/parents-key.ts";
export { skimHeader } from "./link/skim-header.ts";
// rules and validation; all of them stand in @copse/chain/rules and @copse/chain/validate
export { lookbackFor } from "./rules/lookback.ts";
export { messageRoot } from "./rules/message-root.ts";
export { type Assurance, type AssuranceLevel, assuranceLevels } from "./store/assurance.ts";
export { ChainReader, type NullRound, type TipsetsRange } from "./store/chain-reader.ts";
export {
  type AppendResult,
  type ChainStore,
  type ChainStoreOptions,
  type Checked,
  openChainStore,
} from "./store/chain-store.ts";
export type { Head, HeadChange } from "./store/head-change.ts";
export { coversRange, type HeightRange } from "./store/height-ranges.ts";
export { messageBlocks, readStoredMessages, type StoredMessage, type StoredMessages } from "./store/messages.ts";
export { type Span, spanAt, type TipsetRef } from "./store/span.ts";
export { packRun } from "./store/tipset-row.ts";
export { beaconBelow, checkBeacons } from "./validate/check-beacons.ts";
export { type CheckedLeader, type CheckedLeaders, checkLeaders, type LeaderStates } from "./validate/check-leaders.ts";
export { type CheckedMessages, checkBaseFee, checkMessages } from "./validate/check-messages.ts";
export { type BlockFault, blockError, type RuleChecks, settle, verdictOf } from "./validate/verdict.ts";
