export type { ByteSource } from "./byte-source.ts";
export { F3SnapshotError, type F3SnapshotFacts } from "./errors.ts";
export {
  type ExportedSnapshot,
  type ExportProgress,
  type ExportSnapshotOptions,
  exportF3Snapshot,
  type F3SnapshotExport,
} from "./export-snapshot.ts";
export type { F3SnapshotHeader } from "./header.ts";
export { type ImportedSnapshot, type ImportSnapshotOptions, importF3Snapshot } from "./import-snapshot.ts";
export { F3SnapshotEntry, type F3SnapshotReader, readF3Snapshot } from "./read-snapshot.ts";
export { type RootManifest, type SnapshotTrust, snapshotTable } from "./snapshot-root.ts";
export type { F3SnapshotProgress } from "./verify-batch.ts";
export { type VerifiedSnapshot, type VerifySnapshotOptions, verifyF3Snapshot } from "./verify-snapshot.ts";
