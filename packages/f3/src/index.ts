export { F3Error, type F3Facts } from "./errors.ts";
export type {
  F3Position,
  F3Tipset,
  FinalityCertificate,
  PowerEntry,
  PowerTable,
  PowerTableDelta,
  SupplementalData,
} from "./types.ts";
