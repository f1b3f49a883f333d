// The subpath `@copse/chain/execute`: what a machine asks of the chain, and what the chain asks of a machine.
export { beaconRandomness, chainRandomness, tipsetCid } from "./chain-externs.ts";
export { type ChainView, lookUpTipset } from "./chain-view.ts";
export { checkExecuted, type ExecutionOutcome } from "./check-executed.ts";
export { type CirculatingSupply, circulatingSupply } from "./circulating-supply.ts";
export { type ConsensusFault, type FaultContext, faultTypes, verifyConsensusFault } from "./consensus-fault.ts";
export { executableTipset } from "./executable-tipset.ts";
export { nextBaseFee } from "./next-base-fee.ts";
export { selectForExecution } from "./select-for-execution.ts";
export { storedView } from "./stored-view.ts";
export { type SupplyRules, supplyRules } from "./supply-rules.ts";
export type { TipsetExecutor } from "./tipset-executor.ts";
