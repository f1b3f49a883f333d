export { decodeCertificate, encodeCertificate } from "./certificate.ts";
export type { Random } from "./check-claims.ts";
export { bdnWeights } from "./coefficients.ts";
export { F3Error, type F3Facts } from "./errors.ts";
export { parseManifest } from "./manifest.ts";
export { merkleProof, merkleRoot, verifyMerkleProof } from "./merkle.ts";
export { chainKey, signingPayload, tipsetLeaf } from "./payload.ts";
export { applyPowerTableDelta, diffPowerTables } from "./power-delta.ts";
export { decodePowerEntries, encodePowerEntries } from "./power-entries.ts";
export { createPowerTable, type ScaledPowers, scaledPowers } from "./power-table.ts";
export { decodeSigners } from "./signers.ts";
export { trustRoot } from "./trust-root.ts";
export type {
  F3Position,
  F3Tipset,
  FinalityCertificate,
  PowerEntry,
  PowerTable,
  PowerTableDelta,
  SupplementalData,
} from "./types.ts";
export {
  type CertificateVerifier,
  createCertificateVerifier,
  type Verified,
  type VerifyOptions,
  verifyCertificates,
} from "./verify.ts";
