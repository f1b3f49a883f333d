// The subpath `@copse/state/proof`: values of state with the blocks that prove them, and their check without a store.
export { ProofError, type ProofFacts } from "./errors.ts";
export { maxProofBlocks, maxProofBytes, maxProofPaths } from "./limits.ts";
export { type ProofRequest, type ProvenRead, proveRead, type StateProof } from "./prove.ts";
export { ReadRecord, recordReads } from "./record-reads.ts";
export { type ProofExpectations, type VerifiedProof, verifyProof } from "./verify.ts";
