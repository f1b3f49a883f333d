// The subpath `@copse/f3/make`: certificates for networks whose keys are at hand, and for tests.
export { aggregateSignatures, type CertificateParts, type CertificateSigner, makeCertificate } from "./sign.ts";
export { encodeSigners } from "./signers.ts";
