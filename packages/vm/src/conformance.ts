export { actorsOfVector, bundleReader } from "./conformance/actors.ts";
export { failureText } from "./conformance/failure-text.ts";
export { fakedProofs, fakedSays, vectorExterns } from "./conformance/faked.ts";
export { type ActualMessage, type Mismatch, mismatchText } from "./conformance/result.ts";
export { type MessageResult, type RunOptions, runVector, type VectorResult } from "./conformance/run-vector.ts";
export {
  type ExpectedMessage,
  type ExpectedOutputs,
  type MessageVector,
  parseVector,
  type VectorMessage,
  type VectorRandomness,
  vectorLimits,
} from "./conformance/vector.ts";
export { parseVectorTrace } from "./conformance/vector-trace.ts";
