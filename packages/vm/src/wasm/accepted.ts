import { invalidModule } from "./invalid.ts";
import type { WasmModule } from "./module.ts";
import { op } from "./operators.ts";
import { gasCounterName, type InstrumentRules, poolLimits } from "./rules.ts";
import { valueType } from "./sections.ts";

/**
 * Refuses what the engine's type checker takes and the tool, or the engine's pool, does not.
 *
 * @throws {VmError} `vm/module-invalid`
 * @see fvm-wasm-instrument:src/gas_metering/mod.rs (inject)
 */
export function checkAccepted(module: WasmModule, rules: InstrumentRules): void {
  for (const { module: from, name, item } of module.imports) {
    if (item.kind !== 3) continue;
    const isCounter = rules === "0.4.0" ? from === "gas" && name === gasCounterName[rules] : false;
    const isForeign = rules === "0.2.0" && from !== "gas" && name !== gasCounterName[rules];
    if (isCounter || isForeign)
      throw invalidModule(module.sections.get(2)?.start ?? 0, `imports global ${from}.${name}`);
  }
  for (const { offset, start } of module.data) {
    if (offset !== undefined && offset.opcode !== op.i32Const) throw invalidModule(start, "data at no constant offset");
  }
  if (rules === "0.4.0") checkNew(module);
  else checkOld(module);
}

function checkNew({ sections, elements, tables, memories }: WasmModule): void {
  for (const [id, what] of [
    [3, "functions"],
    [10, "code"],
  ] as const) {
    if (!sections.has(id)) throw invalidModule(0, `no section of ${what}`);
  }
  if (elements.some(({ expressions }) => expressions > 0)) {
    throw invalidModule(sections.get(9)?.start ?? 0, "elements made of expressions");
  }
  const { tables: mostTables, tableElements, memoryPages } = poolLimits;
  if (tables.length > mostTables || tables.some(({ min }) => min > tableElements)) {
    throw invalidModule(sections.get(4)?.start ?? 0, `more than ${mostTables} table of ${tableElements} elements`);
  }
  if (memories.some(({ min }) => min > memoryPages)) {
    throw invalidModule(sections.get(5)?.start ?? 0, `a memory of more than ${memoryPages} pages`);
  }
}

/** The decoder of 0.2.0 knows no references, and of element segments only the first form. */
function checkOld({ types, globals, code, elements, sections }: WasmModule): void {
  const isReference = (type: number): boolean => type === valueType.funcref;
  if (types.some(({ params, results }) => params.some(isReference) || results.some(isReference))) {
    throw invalidModule(sections.get(1)?.start ?? 0, "references under rules 0.2.0");
  }
  if (globals.some(({ global, init }) => isReference(global.type) || init.opcode >= op.refNull)) {
    throw invalidModule(sections.get(6)?.start ?? 0, "references under rules 0.2.0");
  }
  if (code.bodies.some(({ locals }) => locals.some(({ type }) => isReference(type)))) {
    throw invalidModule(sections.get(10)?.start ?? 0, "references under rules 0.2.0");
  }
  if (elements.some(({ flags, offset }) => flags !== 0 || offset?.opcode !== op.i32Const)) {
    throw invalidModule(sections.get(9)?.start ?? 0, "element segments that tool 0.2.0 cannot read");
  }
}
