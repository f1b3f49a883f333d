// Instances of modules in their three forms. The types of Node.js do not declare WebAssembly.
import { instrument } from "../../src/wasm/instrument.ts";
import { prepare } from "../../src/wasm/prepare.ts";
import type { InstrumentRules } from "../../src/wasm/rules.ts";

interface Global {
  value: bigint;
}
interface Memory {
  readonly buffer: ArrayBuffer;
}
export interface Running {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly call: (name: string, ...args: (number | bigint)[]) => unknown;
  readonly memory: Memory | undefined;
  readonly gas: Global | undefined;
}
type Imports = Record<string, Record<string, unknown>>;
interface Wasm {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: Imports) => { readonly exports: Record<string, unknown> };
  readonly Global: new (type: { value: "i64"; mutable: true }, value: bigint) => Global;
  readonly RuntimeError: new () => Error;
  validate(bytes: Uint8Array): boolean;
}
export const wasm: Wasm = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly;

/** The module as it is. */
export function runPlain(bytes: Uint8Array, imports: Imports = {}): Running {
  return running(new wasm.Instance(new wasm.Module(bytes), imports).exports, undefined);
}

/** As the reference would run it, on V8. */
export function runInstrumented(
  bytes: Uint8Array,
  rules: InstrumentRules,
  milligas: bigint,
  imports: Imports = {},
): Running {
  const gas = new wasm.Global({ value: "i64", mutable: true }, milligas);
  const name = rules === "0.2.0" ? "gas_couner" : "gas_counter";
  const made = new wasm.Instance(new wasm.Module(instrument(bytes, rules)), { ...imports, gas: { [name]: gas } });
  return running(made.exports, gas);
}

/** As we run it. `pages`: how much memory the host allows. */
export function runPrepared(
  bytes: Uint8Array,
  rules: InstrumentRules,
  milligas: bigint,
  imports: Imports = {},
  pages = 1 << 16,
): Running {
  const prepared = prepare(bytes, rules);
  const most = Math.min(pages, prepared.memory?.maxPages ?? 1 << 16);
  const copse = {
    grow: (more: number) => ((made.memory?.buffer.byteLength ?? 0) / 65_536 + (more >>> 0) <= most ? 1 : 0),
    grow_failed: () => {
      throw new Error("no memory");
    },
  };
  const instance = new wasm.Instance(new wasm.Module(prepared.bytes), { ...imports, copse });
  const gas = instance.exports[prepared.gasExport] as Global;
  const made = running(instance.exports, gas);
  gas.value = milligas;
  if (prepared.startExport !== undefined) made.call(prepared.startExport);
  return made;
}

function running(exports: Record<string, unknown>, gas: Global | undefined): Running {
  return {
    exports,
    call: (name, ...args) => (exports[name] as (...args: (number | bigint)[]) => unknown)(...args),
    memory: exports["memory"] as Memory | undefined,
    gas,
  };
}
