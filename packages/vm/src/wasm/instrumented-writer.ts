import type { AnalysedModule } from "./analyse.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { FunctionBody } from "./code.ts";
import { typeFinder } from "./function-map.ts";
import { bodyHas, unitPrice } from "./metered-blocks.ts";
import type { WasmModule } from "./module.ts";
import { op, unitPrices } from "./operators.ts";
import { gasCounterName, limitedCallPrice, operatorPrice, stackLimit } from "./rules.ts";
import { type FuncType, type Import, valueType } from "./sections.ts";
import { writeOperator } from "./write-operator.ts";
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

const gasType: FuncType = { params: [valueType.i64], results: [] };

/** Lays out the module that the tool would make: same sections, same bytes. */
export class InstrumentedWriter {
  readonly #analysed: AnalysedModule;
  readonly #module: WasmModule;
  readonly #isOld: boolean;
  readonly #types: readonly FuncType[];
  readonly #gasFunction: number;
  readonly #gasGlobal: number;
  readonly #heightGlobal: number;

  constructor(analysed: AnalysedModule) {
    const { module, thunks, rules } = analysed;
    this.#analysed = analysed;
    this.#module = module;
    this.#isOld = rules === "0.2.0";
    this.#types = typeFinder(module.types)(gasType) < 0 ? [...module.types, gasType] : module.types;
    this.#gasFunction = module.functions.length + thunks.of.length;
    this.#gasGlobal = module.importedGlobals;
    // the tool forgets imported globals here; no module that has one can be linked
    this.#heightGlobal = this.#shifted(module.globals.length);
  }

  write(): Uint8Array {
    const { module, thunks, rules } = this.#analysed;
    const isOld = this.#isOld;
    const counter: Import = {
      module: "gas",
      name: gasCounterName[rules],
      item: { kind: 3, global: { type: valueType.i64, mutable: true } },
    };
    const exports = module.exports.map(({ name, kind, index }) => {
      if (kind === 0) return { name, kind, index: thunks.replace(index) };
      // 0.4.0 computes the new index of an exported global and drops it
      return { name, kind, index: kind === 3 && isOld ? this.#shifted(index) : index };
    });
    const elements = listPayload(module.elements, (writer, segment) =>
      writeElement(writer, segment, thunks.replace, !isOld),
    );
    const typeIndex = typeFinder(this.#types);
    const functions = [
      ...module.functions.slice(module.importedFunctions),
      ...thunks.of.map((index) => typeIndex(this.#typeOf(index))),
      typeIndex(gasType),
    ];
    const out = new ByteWriter(module.bytes.length * 2);
    out.all(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    if (!isOld) this.#copySection(out, 0);
    if (!isOld && this.#types === module.types) this.#copySection(out, 1);
    else out.section(1, listPayload(this.#types, writeType));
    out.section(2, listPayload([...module.imports, counter], writeImport));
    out.section(
      3,
      listPayload(functions, (writer, type) => writer.u32(type)),
    );
    if (!isOld) this.#copySection(out, 4);
    else if (module.tables.length > 0) out.section(4, listPayload(module.tables, writeTable));
    if (!isOld) this.#copySection(out, 5);
    else if (module.memories.length > 0) out.section(5, listPayload(module.memories, writeLimits));
    out.section(6, listPayload([...module.globals, counterGlobal(valueType.i32)], writeGlobal));
    if (!isOld || exports.length > 0) out.section(7, listPayload(exports, writeExport));
    if (module.start !== undefined) {
      const start = new ByteWriter(8);
      start.u32(thunks.replace(module.start));
      out.section(8, start);
    }
    if (!isOld || module.elements.length > 0) out.section(9, elements);
    if (!isOld) this.#copySection(out, 12);
    else if (module.data.length > 0) {
      const count = new ByteWriter(8);
      count.u32(module.data.length);
      out.section(12, count);
    }
    out.section(10, this.#codePayload(functions.length));
    if (!isOld) this.#copySection(out, 11);
    else if (module.data.length > 0) {
      out.section(
        11,
        listPayload(module.data, (writer, segment) => writeData(writer, segment, module.bytes)),
      );
    }
    if (isOld) this.#writeOldCustoms(out);
    return out.finish();
  }

  #codePayload(count: number): ByteWriter {
    const { code } = this.#module;
    const payload = new ByteWriter(this.#module.bytes.length * 2);
    payload.u32(count);
    const body = new ByteWriter(1 << 16);
    const add = (write: () => void): void => {
      body.length = 0;
      write();
      payload.u32(body.length);
      payload.range(body.bytes, 0, body.length);
    };
    for (let index = 0; index < code.bodies.length; index++) {
      add(() => this.#writeBody(body, code.bodies[index] as FunctionBody, this.#module.importedFunctions + index));
    }
    for (const callee of this.#analysed.thunks.of) add(() => this.#writeThunk(body, callee));
    add(() => this.#writeGasFunction(body));
    return payload;
  }

  #writeBody(out: ByteWriter, body: FunctionBody, index: number): void {
    const { code, bytes } = this.#module;
    const { costs, charges } = this.#analysed;
    const { ops, at, args, isPadded } = code;
    const units = unitPrices[this.#analysed.rules];
    const hasHigh = charges.high.size > 0;
    const isMeasured = ((charges.bodies[index - this.#module.importedFunctions] as number) & bodyHas.units) !== 0;
    out.u32(body.locals.length + (isMeasured ? 1 : 0));
    for (const { count, type } of body.locals) {
      out.u32(count);
      out.u8(type);
    }
    if (isMeasured) {
      out.u8(1);
      out.u8(valueType.i32);
    }
    const measured = this.#typeOf(index).params.length + body.localCount;
    let copied = at[body.first] as number; // up to here the module's bytes are in the output, or have been replaced
    for (let cursor = body.first; cursor < body.end; cursor++) {
      const opcode = ops[cursor] as number;
      const here = at[cursor] as number;
      const low = charges.low[cursor] as number;
      if (low !== 0 || (hasHigh && charges.high.has(cursor))) {
        out.range(bytes, copied, here);
        copied = here;
        this.#charge(out, low, charges.high.get(cursor) ?? 0);
      }
      if (units[opcode] !== 0 && unitPrice(code, units, cursor) !== 0) {
        out.range(bytes, copied, here);
        copied = here;
        this.#chargeUnits(out, measured, units[opcode] as number);
      }
      const cost = opcode === op.call ? (costs[args[cursor] as number] as number) : 0;
      const isGlobal = opcode === op.globalGet || opcode === op.globalSet;
      if (cost === 0 && !isGlobal && isPadded[cursor] === 0) continue;
      out.range(bytes, copied, here);
      copied = cursor + 1 < body.end ? (at[cursor + 1] as number) : body.bytesEnd;
      if (cost > 0) this.#limitedCall(out, args[cursor] as number, cost);
      else if (isGlobal) {
        out.u8(opcode);
        out.u32(this.#shifted(args[cursor] as number));
      } else writeOperator(out, code, bytes, cursor);
    }
    out.range(bytes, copied, body.bytesEnd);
  }

  #writeThunk(out: ByteWriter, callee: number): void {
    const params = this.#typeOf(callee).params.length;
    out.u8(0);
    this.#charge(out, params * operatorPrice + limitedCallPrice, 0);
    for (let param = 0; param < params; param++) {
      out.u8(op.localGet);
      out.u32(param);
    }
    this.#limitedCall(out, callee, this.#analysed.costs[callee] as number);
    out.u8(op.end);
  }

  #writeGasFunction(out: ByteWriter): void {
    const gas = this.#gasGlobal;
    out.u8(0);
    this.#global(out, op.globalGet, gas);
    out.all(Uint8Array.of(op.localGet, 0, op.i64Sub));
    this.#global(out, op.globalSet, gas);
    this.#global(out, op.globalGet, gas);
    out.all(Uint8Array.of(op.i64Const, 0, op.i64LtS, op.if, 0x40, op.unreachable, op.end, op.end));
  }

  #charge(out: ByteWriter, low: number, high: number): void {
    out.u8(op.i64Const);
    out.i64(low, high);
    out.u8(op.call);
    out.u32(this.#gasFunction);
  }

  #chargeUnits(out: ByteWriter, measured: number, unit: number): void {
    out.u8(op.localTee);
    out.u32(measured);
    out.u8(op.localGet);
    out.u32(measured);
    out.u8(op.i64ExtendI32U);
    out.u8(op.i64Const);
    out.i64(unit, 0);
    out.u8(op.i64Mul);
    out.u8(op.call);
    out.u32(this.#gasFunction);
  }

  #limitedCall(out: ByteWriter, callee: number, cost: number): void {
    const height = this.#heightGlobal;
    this.#global(out, op.globalGet, height);
    out.u8(op.i32Const);
    out.i32(cost | 0);
    out.u8(op.i32Add);
    this.#global(out, op.globalSet, height);
    this.#global(out, op.globalGet, height);
    out.u8(op.i32Const);
    out.i32(stackLimit);
    out.all(Uint8Array.of(op.i32GtU, op.if, 0x40, op.unreachable, op.end, op.call));
    out.u32(callee);
    this.#global(out, op.globalGet, height);
    out.u8(op.i32Const);
    out.i32(cost | 0);
    out.u8(op.i32Sub);
    this.#global(out, op.globalSet, height);
  }

  #global(out: ByteWriter, opcode: number, index: number): void {
    out.u8(opcode);
    out.u32(index);
  }

  /** The index of a global once the counter is imported. 0.4.0 moves imported ones too, which no module can have. */
  #shifted(index: number): number {
    return this.#isOld && index < this.#module.importedGlobals ? index : index + 1;
  }

  #typeOf(index: number): FuncType {
    return this.#module.types[this.#module.functions[index] as number] as FuncType;
  }

  /** 0.4.0 takes sections it does not change over byte by byte, and of custom ones the last, in front. */
  #copySection(out: ByteWriter, id: number): void {
    const { customs, sections, bytes } = this.#module;
    const span = id === 0 ? customs.at(-1) : sections.get(id);
    if (span === undefined) return;
    out.u8(id);
    out.u32(span.end - span.start);
    out.range(bytes, span.start, span.end);
  }

  /** 0.2.0 turns the order of custom sections round three times, and leaves them behind the others. */
  #writeOldCustoms(out: ByteWriter): void {
    const { bytes, customs } = this.#module;
    for (const { start, end } of customs.toReversed()) {
      const payload = new ByteWriter(end - start + 8);
      payload.range(bytes, start, end);
      out.section(0, payload);
    }
  }
}
