export type { AsyncBlockWriter, BlockPair, SyncBlockWriter } from "../block-writer.ts";
export type { AheadOptions } from "./ahead.ts";
export { CidMap } from "./cid-map.ts";
export { CidSet } from "./cid-set.ts";
export { type DagChange, DagDiff, type DagDiffOptions } from "./dag-diff.ts";
export { type DagJsonOptions, formatDagJson } from "./dag-json.ts";
export { DagWalk, type WalkCounts, type WalkOptions, type WalkPlace } from "./dag-walk.ts";
export {
  IpldStoreError,
  type IpldStoreFacts,
  PathError,
  type PathFacts,
  WalkError,
  type WalkFacts,
} from "./errors.ts";
export type { WalkLimits } from "./limits.ts";
export { maxPathBlocks, maxPathSegments, type PathOptions, parsePath, type Resolved, resolvePath } from "./path.ts";
export { everyBlockPolicy, forestPolicy, lotusPolicy, type WalkChoice, type WalkPolicy } from "./policy.ts";
export type { RunFile, RunFiles } from "./run-files.ts";
export type { SeenSet } from "./seen-set.ts";
export { SpillingCidSet, type SpillOptions } from "./spilling-cid-set.ts";
export {
  type AsyncIpldStore,
  asyncIpldStore,
  encodeBlock,
  getValue,
  type IpldStoreOptions,
  maxValueBytes,
  type SyncIpldStore,
  syncIpldStore,
} from "./typed-store.ts";
export {
  type AsyncWalkOptions,
  type OnBlock,
  progressEvery,
  type WalkedBlock,
  type WalkRunOptions,
  walkAsync,
  walkDag,
  walkSync,
} from "./walk.ts";
