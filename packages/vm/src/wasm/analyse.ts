import { checkAccepted } from "./accepted.ts";
import { type Thunks, thunksOf } from "./function-map.ts";
import { invalidModule } from "./invalid.ts";
import { type Charges, meteredBlocks } from "./metered-blocks.ts";
import { readModule, type WasmModule } from "./module.ts";
import type { InstrumentRules } from "./rules.ts";
import { stackCosts } from "./stack-costs.ts";
import { validateWasm } from "./validate.ts";

/** A module with all that the two passes find out about it. */
export interface AnalysedModule {
  readonly module: WasmModule;
  readonly rules: InstrumentRules;
  /** Of every function, imported ones first. Unit: values. */
  readonly costs: Uint32Array;
  readonly thunks: Thunks;
  readonly charges: Charges;
}

/**
 * Decodes and validates a module, and runs both passes of the tool over it without writing anything.
 *
 * @throws {VmError} `vm/module-invalid`
 */
export function analyse(code: Uint8Array, rules: InstrumentRules): AnalysedModule {
  const module = readModule(code, rules);
  if (!validateWasm(code)) throw invalidModule(0, "not well typed");
  const costs = stackCosts(module, rules);
  const thunks = thunksOf(module, costs);
  const charges = meteredBlocks(module, costs, rules);
  checkAccepted(module, rules);
  return { module, rules, costs, thunks, charges };
}
