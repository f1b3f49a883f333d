export { VmError, type VmFacts } from "./errors.ts";
export { type FvmVersion, fvmVersion, newestNetworkVersion, oldestNetworkVersion } from "./fvm-version.ts";
