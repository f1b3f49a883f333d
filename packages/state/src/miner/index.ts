export {
  type Deadline,
  type DeadlineTime,
  deadlineCodec,
  deadlineExpirations,
  minerDeadline,
  minerDeadlines,
  type WindowPoSt,
  windowPoSts,
} from "./deadlines.ts";
export {
  type BeneficiaryTerm,
  type MinerInfo,
  minerInfo,
  type PendingBeneficiary,
  type PendingWorker,
} from "./miner-info.ts";
export { type MinerState, minerFeeDebt, minerState, minerStateCodec } from "./miner-state.ts";
export {
  deadlinePartitions,
  type ExpirationSet,
  earlyTerminations,
  expirationSetCodec,
  type Partition,
  partitionCodec,
  partitionExpirations,
} from "./partitions.ts";
export type { PowerPair } from "./power-pair.ts";
export {
  type PreCommit,
  type PreCommitInfo,
  preCommitCleanUps,
  preCommitCodec,
  preCommittedSectors,
} from "./pre-commits.ts";
export { type ProvenSector, type ProvingRule, provenSector, provingSectors } from "./proving-sectors.ts";
export { allocatedSectors, hasSimpleQuality, minerSectors, type SectorInfo, sectorCodec } from "./sectors.ts";
export { type VestingFund, type VestingHead, type VestingRoot, vestingFunds } from "./vesting.ts";
