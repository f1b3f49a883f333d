import { analyse } from "./analyse.ts";
import { InstrumentedWriter } from "./instrumented-writer.ts";
import { invalidModule } from "./invalid.ts";
import type { InstrumentRules } from "./rules.ts";
import { validateWasm } from "./validate.ts";

/**
 * Rewrites an actor as the reference's tool does before compiling it: the stack limiter, then gas metering over its
 * output. The result has the same bytes as the tool's.
 *
 * It imports the mutable global `gas.gas_counter` (`gas.gas_couner` under 0.2.0). We do not run this form: V8 has
 * {@link prepare}. It is what the reference's behaviour is compared by.
 *
 * @throws {VmError} `vm/module-invalid`: a module the reference does not load
 * @see fvm-wasm-instrument:src, ref-fvm:fvm/src/engine/mod.rs (load_raw)
 * @example
 * instrument(wasm, "0.4.0") // what wasmtime would be given
 */
export function instrument(code: Uint8Array, rules: InstrumentRules): Uint8Array {
  const analysed = analyse(code, rules);
  const result = new InstrumentedWriter(analysed).write();
  if (!validateWasm(result)) throw invalidModule(0, "not well typed once instrumented");
  return result;
}
