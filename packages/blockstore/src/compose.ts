export type { AbsentOptions } from "./compose/absent-keys.ts";
export { type BlockCache, type BlockCacheOptions, type BlockCacheStats, createBlockCache } from "./compose/cache.ts";
export { type Composed, isStore, readsAtOnce } from "./compose/face.ts";
export { identityStoreOf } from "./compose/identity.ts";
export {
  createOverlay,
  type Overlay,
  type OverlayChange,
  type OverlayOptions,
  type OverlayStore,
} from "./compose/overlay.ts";
export { type ReadAheadOptions, type ReadBlock, readAhead } from "./compose/read-ahead.ts";
export { createTracker, type TrackedCounts, type Tracker, type TrackerOptions } from "./compose/tracker.ts";
export { type UnionOptions, unionStoreOf } from "./compose/union.ts";
export { assertBlock, type VerifyingOptions, verifyingStoreOf } from "./compose/verifying.ts";
export { createWriteBuffer, type Flushed, type WriteBuffer, type WriteBufferOptions } from "./compose/write-buffer.ts";
export { type BlockstoreCounter, type BlockstoreMetrics, blockstoreCounters } from "./metrics.ts";
