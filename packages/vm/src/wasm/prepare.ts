import { analyse } from "./analyse.ts";
import { invalidModule } from "./invalid.ts";
import type { WasmModule } from "./module.ts";
import { ownModule, PreparedWriter } from "./prepared-writer.ts";
import type { InstrumentRules } from "./rules.ts";
import type { Limits } from "./sections.ts";
import { validateWasm } from "./validate.ts";

/** A value type of an imported function. */
export type ValueTypeName = "i32" | "i64" | "f32" | "f64" | "funcref";

/** A function that prepared code imports. */
export interface PreparedImport {
  readonly module: string;
  readonly name: string;
  readonly params: readonly ValueTypeName[];
  readonly results: readonly ValueTypeName[];
}

/** A module that V8 can run with the reference's charges, and what the host has to know to run it. Plain data. */
export interface PreparedModule {
  readonly bytes: Uint8Array;
  /** Export that is the gas counter: a mutable i64 global, milligas left; below 0 once it ran out. Starts at 0. */
  readonly gasExport: string;
  /** Export to call, without arguments, once instantiated and given gas: the module's start function. */
  readonly startExport: string | undefined;
  /** Size of the memory exported as "memory". Unit: pages of 64 KiB. */
  readonly memory: { readonly minPages: number; readonly maxPages: number | undefined } | undefined;
  /** Elements that the module's tables have from the start. */
  readonly tableElements: number;
  /** The same, of the table exported under the very name "table"; 0 if there is none. */
  readonly initTableElements: number;
  /** What the actor itself exports. */
  readonly exports: ReadonlySet<string>;
  /** What the actor imports, then what the preparation adds: `copse.grow`, `copse.grow_failed`. */
  readonly imports: readonly PreparedImport[];
}

/**
 * Makes an actor ready for V8: what it computes, and what is charged at which operator, is as in the reference.
 *
 * It differs from {@link instrument}'s form in what cannot be observed from outside:
 * - the gas counter is a global of the module, and charges are written out in place of calls;
 * - a function counts its own stack height; one that calls nothing only looks whether there is room;
 * - `memory.grow` asks `copse.grow(pages) -> 1 to go ahead`, after it is charged for; the answer 0 makes it give -1. If
 *   V8 then cannot grow the memory, `copse.grow_failed()` is called, which has to throw: a host's lack of memory is no
 *   fact of the chain;
 * - NaNs that arithmetic makes get the one pattern that the reference's compiler gives them;
 * - the start function is an export, for the counter is not set yet when V8 would run it.
 *
 * @throws {VmError} `vm/module-invalid`: a module the reference does not load, or cannot link: one that imports
 * other than functions, or what only the preparation may import. Also one past limits of V8 that the reference does not
 * have: 65,520 targets of a `br_table`, 50,000 locals with the few that are added, 7.6 MB of a body once prepared
 * @see ref-fvm:fvm/src/engine/mod.rs, cranelift-codegen:src/nan_canonicalization.rs
 * @example
 * const { bytes, gasExport } = prepare(wasm, "0.4.0");
 * const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
 * exports[gasExport].value = 10_000_000_000n; // milligas
 */
export function prepare(code: Uint8Array, rules: InstrumentRules): PreparedModule {
  const analysed = analyse(code, rules);
  const { module } = analysed;
  if (module.imports.some(({ item }) => item.kind !== 0)) {
    throw invalidModule(module.sections.get(2)?.start ?? 0, "imports other than functions");
  }
  if (module.imports.some((entry) => entry.module === ownModule)) {
    throw invalidModule(
      module.sections.get(2)?.start ?? 0,
      `imports from ${ownModule}, which nothing provides to actors`,
    );
  }
  const writer = new PreparedWriter(analysed);
  const bytes = writer.write();
  if (!validateWasm(bytes)) throw invalidModule(0, "not well typed once prepared");
  const exported = (name: string, kind: number): number | undefined =>
    module.exports.find((entry) => entry.name === name && entry.kind === kind)?.index;
  const memory: Limits | undefined = module.memories[exported("memory", 2) ?? -1];
  return {
    bytes,
    gasExport: writer.gasExport,
    startExport: writer.startExport,
    memory: memory && { minPages: memory.min, maxPages: memory.max },
    tableElements: module.tables.reduce((sum, { min }) => sum + min, 0),
    initTableElements: module.tables[exported("table", 1) ?? -1]?.min ?? 0,
    exports: new Set(module.exports.map(({ name }) => name)),
    imports: importsOf(module, writer),
  };
}

function importsOf(module: WasmModule, writer: PreparedWriter): PreparedImport[] {
  return [...module.imports, ...writer.addedImports].map(({ module: from, name, item }) => {
    const type = writer.types[item.kind === 0 ? item.type : 0];
    return {
      module: from,
      name,
      params: (type?.params ?? []).map(valueTypeName),
      results: (type?.results ?? []).map(valueTypeName),
    };
  });
}

function valueTypeName(type: number): ValueTypeName {
  return type === 0x7f ? "i32" : type === 0x7e ? "i64" : type === 0x7d ? "f32" : type === 0x7c ? "f64" : "funcref";
}
