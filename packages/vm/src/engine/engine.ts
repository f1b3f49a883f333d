import { blockMissing, type CidBytes, cidKey, type SyncBlockReader } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import type { FvmVersion } from "../fvm-version.ts";
import { FatalError } from "../syscall-error.ts";
import { type PreparedModule, prepare } from "../wasm/prepare.ts";
import type { InstrumentRules } from "../wasm/rules.ts";
import { host, type WasmModule } from "./web-assembly.ts";

/** Code that is ready to run, and what is known of it. */
export interface LoadedModule {
  readonly module: WasmModule;
  /** All of the prepared module but its bytes. */
  readonly shape: Omit<PreparedModule, "bytes">;
}

/**
 * Keeps prepared code between processes: on disk, say. Answers are trusted to be what was put under the key.
 *
 * @example
 * const kept = new Map<string, PreparedModule>();
 * const cache: ModuleCache = { get: (key) => kept.get(key), set: (key, module) => void kept.set(key, module) };
 */
export interface ModuleCache {
  /** `code`: CID of the code. @throws {HostFault} */
  get(code: CidBytes, rules: InstrumentRules): PreparedModule | undefined;
  /** @throws {HostFault} */
  set(code: CidBytes, rules: InstrumentRules, module: PreparedModule): void;
}

/** How an engine works. */
export interface EngineOptions {
  /** Where prepared code is kept besides memory. Default: nowhere. */
  readonly cache?: ModuleCache | undefined;
}

/**
 * Compiles actors' code, once for each code and rules of instrumentation. Machines share one: it knows nothing of a chain.
 *
 * Bound: keeps every module it has compiled; a network version has 16.
 *
 * @see ref-fvm:fvm/src/engine/mod.rs
 * @example
 * const engine = new Engine();
 * createMachine({ ...options, engine });
 */
export class Engine {
  readonly #modules: { readonly [R in InstrumentRules]: Map<string, LoadedModule | FatalError> } = {
    "0.2.0": new Map(),
    "0.4.0": new Map(),
  };
  readonly #cache: ModuleCache | undefined;

  constructor(options: EngineOptions = {}) {
    this.#cache = options.cache;
  }

  /**
   * The code of a CID, compiled.
   *
   * @throws {FatalError} what the reference does not load
   * @throws {HostFault} `host/block-missing`, or of the cache
   */
  load(code: CidBytes, fvm: FvmVersion, store: SyncBlockReader): LoadedModule {
    const rules = fvm === 2 ? "0.2.0" : "0.4.0";
    const modules = this.#modules[rules];
    const key = cidKey(code);
    let loaded = modules.get(key);
    if (loaded === undefined) {
      loaded = this.#compile(code, rules, store);
      modules.set(key, loaded);
    }
    if (loaded instanceof FatalError) throw loaded;
    return loaded;
  }

  #compile(code: CidBytes, rules: InstrumentRules, store: SyncBlockReader): LoadedModule | FatalError {
    let prepared = this.#cache?.get(code, rules);
    if (prepared === undefined) {
      const bytes = store.getSync(code);
      if (bytes === undefined) throw blockMissing(code);
      try {
        prepared = prepare(bytes, rules);
      } catch (error) {
        if (isCopseError(error, "vm/module-invalid")) return new FatalError(error.message);
        throw error;
      }
      this.#cache?.set(code, rules, prepared);
    }
    const { bytes, ...shape } = prepared;
    return { module: new host.Module(bytes), shape };
  }
}
