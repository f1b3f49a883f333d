// The little of WebAssembly that the engine needs. The types of Node.js do not declare it.

/** A compiled module. */
export type WasmModule = object;

/** A module with memory and globals of its own. */
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** A linear memory. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** A mutable i64. */
export interface WasmGlobal {
  value: bigint;
}

/** Functions a module asks for, by module name and name. */
export type WasmImports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface WebAssemblyHost {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: WasmImports) => WasmInstance;
  readonly Memory: new (...args: never[]) => WasmMemory;
  readonly Global: new (...args: never[]) => WasmGlobal;
  readonly RuntimeError: new () => Error;
  readonly CompileError: new () => Error;
  readonly LinkError: new () => Error;
}

/** WebAssembly of the host: of Node.js, a browser, a worker. */
export const host: WebAssemblyHost = (globalThis as unknown as { WebAssembly: WebAssemblyHost }).WebAssembly;
