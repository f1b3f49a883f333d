/**
 * Which release of the reference's instrumentation tool a module is rewritten like: FVM 2 uses `fvm-wasm-instrument`
 * 0.2.0, FVM 3 and 4 use 0.4.0. The operator prices of all three are the same, so this names the whole rewriting.
 *
 * @see ref-fvm:fvm/Cargo.toml (branches release/v2, release/v3, master), FIP-0032, FIP-0057
 */
export type InstrumentRules = "0.2.0" | "0.4.0";

/** Height of the abstract Wasm stack past which a direct call traps. Unit: values. @see ref-fvm:fvm/src/machine/mod.rs */
export const stackLimit = 2048;

/** What every function's frame adds to its stack cost. Unit: values. */
export const activationCost = 2;

/** Price of an operator that is not free. Unit: milligas. @see ref-fvm:fvm/src/gas/price_list.rs */
export const operatorPrice = 4000;

/** Price of the twelve priced operators around a direct call and of the call. Unit: milligas. */
export const limitedCallPrice: number = 13 * operatorPrice;

/** How many operators stand for a direct call after the stack limiter's pass, itself included. */
export const limitedCallLength = 15;

/** Name of the imported gas counter. 0.2.0 misspells it. */
export const gasCounterName: { readonly [R in InstrumentRules]: string } = {
  "0.2.0": "gas_couner",
  "0.4.0": "gas_counter",
};

/**
 * What an instance may have under the pooling allocator of FVM 3 and 4; FVM 2 has no such bounds. A module past them
 * does not load.
 *
 * @see ref-fvm:fvm/src/engine/mod.rs (wasmtime_config), fvm/src/machine/mod.rs (max_inst_memory_bytes)
 */
export const poolLimits: { readonly memoryPages: number; readonly tables: number; readonly tableElements: number } = {
  memoryPages: 8192,
  tables: 1,
  tableElements: 20_000,
};
