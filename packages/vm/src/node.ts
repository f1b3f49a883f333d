export { type ImportOptions, importBundles, keepBundle } from "./bundle/keep.node.ts";
export { assertPinned, listActorFiles, loadActors, openBundles, type StoredBundle } from "./bundle/library.node.ts";
export { type ConformanceOptions, listVectors, runConformance, skipOfPath } from "./conformance/run-folder.node.ts";
export { VectorThread } from "./conformance/vector-pool.node.ts";
export type { VectorAnswer, VectorReport, VectorTask } from "./conformance/vector-task.ts";
export { startVmThread, vmStackMb } from "./conformance/vm-thread.node.ts";
export { type DiskCacheOptions, diskModuleCache, modulesFolder } from "./engine/disk-cache.node.ts";
export { openEngine } from "./engine/open-engine.node.ts";
