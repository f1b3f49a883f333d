// The subpath `@copse/chain/rules`: the arithmetic of consensus, rule by rule.
export {
  type BaseFeeHeights,
  baseFeeHeights,
  blockGasLimit,
  blockGasTarget,
  computeBaseFee,
  initialBaseFee,
  minimumBaseFee,
  nextBaseFeeFromPremium,
  nextBaseFeeFromUtilization,
  type PricedMessage,
  type PricedTipset,
  percentilePremium,
} from "./base-fee.ts";
export { type BeaconTiming, type EpochClock, maxBeaconRoundForEpoch } from "./beacon-rounds.ts";
export {
  drawForElection,
  drawForTicket,
  drawForWinningPoSt,
  drawRandomnessFromBase,
  drawTags,
  type LeaderDraw,
} from "./draw-randomness.ts";
export { createEcFinality, type EcFinality, type EcFinalityAssumptions } from "./ec-finality.ts";
export { type Lookback, lookbackDepth, lookbackFor } from "./lookback.ts";
export { type MessageRoot, messageRoot } from "./message-root.ts";
export { type SelectedBy, selectMessages } from "./message-selection.ts";
export { type ClaimedPower, hasMinPower, type Ineligible, ineligible, type MinerStanding } from "./min-power.ts";
export {
  chainFinality,
  epochAt,
  isFromFuture,
  isInConsensusRange,
  maxHeightDrift,
  timestampAt,
} from "./timing.ts";
export {
  isListedSignatureType,
  type MessageFault,
  type MessageFields,
  onChainMessageGas,
  totalFilecoin,
  validForBlockInclusion,
} from "./valid-for-block-inclusion.ts";
export { inferLog2Power, log2Power, tipsetWeight, weightGain } from "./weight.ts";
export { computeWinCount, countWins, electionLambda, maxWinCount, winThresholds } from "./win-count.ts";
export { winningSectorIndexes } from "./winning-sectors.ts";
