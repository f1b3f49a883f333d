export type { F3SnapshotHeader } from "./header.ts";
