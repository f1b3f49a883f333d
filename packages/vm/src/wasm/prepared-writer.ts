import type { AnalysedModule } from "./analyse.ts";
import { ByteWriter } from "./byte-writer.ts";
import { typeFinder } from "./function-map.ts";
import type { WasmModule } from "./module.ts";
import { op } from "./operators.ts";
import { PreparedBodyWriter } from "./prepared-body.ts";
import { limitedCallPrice, operatorPrice, poolLimits } from "./rules.ts";
import { type Export, type FuncType, type GlobalEntry, type Import, type Limits, valueType } from "./sections.ts";
import {
  counterGlobal,
  listPayload,
  writeData,
  writeElement,
  writeExport,
  writeGlobal,
  writeImport,
  writeLimits,
  writeTable,
  writeType,
} from "./write-sections.ts";

/** Module that prepared code imports our functions from. */
export const ownModule = "copse";

const growType: FuncType = { params: [valueType.i32], results: [valueType.i32] };
const failType: FuncType = { params: [], results: [] };

/**
 * Lays out a prepared module. Function indexes: the actor's imports, two imports of ours if it ever grows its memory, its
 * functions, thunks, entries of functions that constants refer to, the growing function.
 */
export class PreparedWriter {
  readonly gasExport: string;
  readonly startExport: string | undefined;
  readonly types: readonly FuncType[];
  readonly addedImports: readonly Import[];
  readonly #analysed: AnalysedModule;
  readonly #module: WasmModule;
  readonly #growFunction: number | undefined;
  /** Functions that constants refer to. They are entered without a thunk, so their height must not count. */
  readonly #referred: readonly number[];
  readonly #bodies: PreparedBodyWriter;

  constructor(analysed: AnalysedModule) {
    const { module, thunks } = analysed;
    this.#analysed = analysed;
    this.#module = module;
    const names = new Set(module.exports.map(({ name }) => name));
    this.gasExport = freeName(names, "copse:gas");
    this.startExport = module.start === undefined ? undefined : freeName(names, "copse:start");
    const grows = isAnyGrow(module);
    const types = [...module.types];
    this.types = types;
    const findType = typeFinder(types);
    const typeIndex = (type: FuncType): number => {
      const found = findType(type); // what is added here is never asked for twice
      return found < 0 ? types.push(type) - 1 : found;
    };
    this.addedImports = grows
      ? [
          { module: ownModule, name: "grow", item: { kind: 0, type: typeIndex(growType) } },
          { module: ownModule, name: "grow_failed", item: { kind: 0, type: typeIndex(failType) } },
        ]
      : [];
    const referred = module.globals.flatMap(({ init }) => (init.opcode === op.refFunc ? [init.index] : []));
    this.#referred = [...new Set(referred)].filter((index) => (analysed.costs[index] ?? 0) > 0);
    const total = module.functions.length + thunks.of.length + this.#referred.length;
    this.#growFunction = grows ? this.#moved(total) : undefined;
    this.#bodies = new PreparedBodyWriter(analysed, {
      heightGlobal: module.globals.length,
      gasGlobal: module.globals.length + 1,
      growFunction: this.#growFunction ?? 0,
      addedImports: this.addedImports.length,
      referred: new Set(this.#referred),
    });
  }

  write(): Uint8Array {
    const { module, thunks } = this.#analysed;
    const { bytes, importedFunctions } = module;
    const out = new ByteWriter(bytes.length * 2);
    out.all(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    out.section(1, listPayload(this.types, writeType));
    out.section(2, listPayload([...module.imports, ...this.addedImports], writeImport));
    const typesOf = [
      ...module.functions.slice(importedFunctions),
      ...[...thunks.of, ...this.#referred].map((index) => module.functions[index] as number),
    ];
    if (this.#growFunction !== undefined) typesOf.push(typeFinder(this.types)(growType));
    out.section(
      3,
      listPayload(typesOf, (writer, type) => writer.u32(type)),
    );
    if (module.tables.length > 0) out.section(4, listPayload(this.#tables(), writeTable));
    if (module.memories.length > 0) out.section(5, listPayload(module.memories, writeLimits));
    out.section(6, listPayload(this.#globals(), writeGlobal));
    out.section(7, listPayload(this.#exports(), writeExport));
    if (module.elements.length > 0) {
      const replace = (index: number): number => this.#moved(thunks.replace(index));
      out.section(
        9,
        listPayload(module.elements, (writer, segment) => writeElement(writer, segment, replace, false)),
      );
    }
    if (module.dataCount !== undefined) out.section(12, counted(module.dataCount));
    out.section(10, this.#code(typesOf.length));
    if (module.data.length > 0) {
      out.section(
        11,
        listPayload(module.data, (writer, segment) => writeData(writer, segment, bytes)),
      );
    }
    return out.finish();
  }

  /** Under 0.4.0 a table grows no further than the reference's pool has room, whatever it declares. */
  #tables(): readonly Limits[] {
    const { tables } = this.#module;
    if (this.#analysed.rules === "0.2.0") return tables;
    const most = poolLimits.tableElements;
    return tables.map(({ min, max }) => ({ min, max: Math.min(max ?? most, most) }));
  }

  #globals(): GlobalEntry[] {
    const { thunks } = this.#analysed;
    const firstEntry = this.#module.functions.length + thunks.of.length;
    const entryOf = new Map(this.#referred.map((index, at) => [index, firstEntry + at]));
    const own = this.#module.globals.map((entry) => {
      if (entry.init.opcode !== op.refFunc) return entry;
      const index = this.#moved(entryOf.get(entry.init.index) ?? entry.init.index);
      const writer = new ByteWriter(8);
      writer.u8(op.refFunc);
      writer.u32(index);
      return { global: entry.global, init: { bytes: writer.finish(), opcode: op.refFunc, index } };
    });
    return [...own, counterGlobal(valueType.i32), counterGlobal(valueType.i64)];
  }

  #exports(): Export[] {
    const { exports, start, globals } = this.#module;
    const { thunks } = this.#analysed;
    const enter = (index: number): number => this.#moved(thunks.replace(index));
    const made = exports.map((entry) => (entry.kind === 0 ? { ...entry, index: enter(entry.index) } : entry));
    made.push({ name: this.gasExport, kind: 3, index: globals.length + 1 });
    if (this.startExport !== undefined && start !== undefined) {
      made.push({ name: this.startExport, kind: 0, index: enter(start) });
    }
    return made;
  }

  #code(count: number): ByteWriter {
    const { code, functions, types, importedFunctions } = this.#module;
    const payload = new ByteWriter(this.#module.bytes.length * 2);
    payload.u32(count);
    const add = (body: ByteWriter): void => {
      payload.u32(body.length);
      payload.range(body.bytes, 0, body.length);
    };
    for (let index = 0; index < code.bodies.length; index++) add(this.#bodies.body(index));
    const paramsOf = (index: number): number => (types[functions[index] as number] as FuncType).params.length;
    for (const callee of this.#analysed.thunks.of) {
      const params = paramsOf(callee);
      add(this.#bodies.thunk(this.#moved(callee), params, params * operatorPrice + limitedCallPrice));
    }
    for (const callee of this.#referred) {
      add(this.#bodies.uncounted(this.#moved(callee), paramsOf(callee), this.#analysed.costs[callee] as number));
    }
    if (this.#growFunction !== undefined) add(this.#bodies.growing(importedFunctions, importedFunctions + 1));
    return payload;
  }

  /** The index of a function behind our imports. */
  #moved(index: number): number {
    return index < this.#module.importedFunctions ? index : index + this.addedImports.length;
  }
}

function counted(value: number): ByteWriter {
  const payload = new ByteWriter(8);
  payload.u32(value);
  return payload;
}

function isAnyGrow({ code }: WasmModule): boolean {
  return code.ops.subarray(0, code.length).includes(op.memoryGrow);
}

function freeName(taken: ReadonlySet<string>, wanted: string): string {
  let name = wanted;
  while (taken.has(name)) name += "'";
  return name;
}
