export type { BacktraceCause, BacktraceFrame, Failure } from "./call-manager/backtrace.ts";
export { Engine, type EngineOptions, type ModuleCache } from "./engine/engine.ts";
export { VmError, type VmFacts } from "./errors.ts";
export type { EventEntry, StampedEvent } from "./events.ts";
export type { ApplyResult, MessageReceipt } from "./executor/apply-result.ts";
export type { ApplyOptions } from "./executor/execute-message.ts";
export { exitCodes, firstUserExitCode } from "./exit-codes.ts";
export { type ConsensusFault, ExternError, type Externs } from "./externs.ts";
export { type FvmVersion, fvmVersion, newestNetworkVersion, oldestNetworkVersion } from "./fvm-version.ts";
export type { GasCharge, GasTrace, TraceEntry, TraceMark } from "./gas/trace.ts";
export type { MachineContext } from "./machine/core.ts";
export { createMachine, type MachineOptions } from "./machine/create-machine.ts";
export type { Machine } from "./machine/machine.ts";
export type { Manifest } from "./machine/manifest.ts";
export type {
  AggregatedSeal,
  AggregateSealInfo,
  ProofVerifier,
  ReplicaUpdateInfo,
  SealInfo,
  WindowPostInfo,
} from "./proofs.ts";
