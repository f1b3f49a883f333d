import type { CallManager } from "../call-manager/call-manager.ts";
import { wasmMemory } from "../gas/prices.ts";
import type { WasmGlobal } from "./web-assembly.ts";

const page = 65_536;

/**
 * Keeps an instance's gas counter and the message's in step: what WebAssembly spent is charged when it calls the host, what
 * the host spent is taken from the counter before WebAssembly goes on.
 *
 * @see ref-fvm:fvm/src/syscalls/mod.rs update_gas_available, charge_for_exec
 */
export class ExecGas {
  readonly #calls: CallManager;
  readonly #isFvm2: boolean;
  #global: WasmGlobal = { value: 0n };
  /** What the counter was set to last. Unit: milligas. */
  #last = 0n;
  #lastMemory: number;

  constructor(calls: CallManager) {
    this.#calls = calls;
    this.#isFvm2 = calls.core.rules.fvm === 2;
    this.#lastMemory = calls.memory.used;
  }

  /** Takes the counter of the instance. */
  attach(global: WasmGlobal): void {
    this.#global = global;
  }

  /** Tells the instance what is left. */
  refresh(): void {
    const { available } = this.#calls.gas;
    this.#global.value = available;
    this.#last = available;
    this.#lastMemory = this.#calls.memory.used;
  }

  /** Charges what the instance has spent. @throws {OutOfGas} */
  charge(): void {
    const { gas } = this.#calls;
    const left = this.#global.value;
    let spent = this.#last - left; // below 0, the counter ran out: more is spent than there was
    if (this.#isFvm2) this.#last = left;
    else if (spent < 0n) spent = 0n;
    if (gas.trace === undefined) gas.chargeLarge("wasm_exec", spent);
    else this.#chargeByParts(spent);
  }

  /** As the reference shows it: memory that grew apart. The sum is the same. */
  #chargeByParts(spent: bigint): void {
    const { gas, memory, core } = this.#calls;
    const grown = Math.max(0, memory.used - this.#lastMemory) / page;
    const priced = this.#isFvm2 ? 0n : BigInt(Math.round(wasmMemory(core.prices, grown)));
    const ofMemory = priced < spent ? priced : spent;
    gas.chargeLarge("wasm_exec", spent - ofMemory);
    if (ofMemory > 0n) gas.chargeLarge("wasm_memory_grow", ofMemory);
  }
}
