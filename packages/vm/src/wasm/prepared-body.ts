import type { AnalysedModule } from "./analyse.ts";
import { ByteWriter } from "./byte-writer.ts";
import { canonicalised, writeCanonicalNan } from "./canonical-nan.ts";
import type { FunctionBody } from "./code.ts";
import { bodyHas, unitPrice } from "./metered-blocks.ts";
import type { WasmModule } from "./module.ts";
import { op, unitPrices } from "./operators.ts";
import { stackLimit } from "./rules.ts";
import { type FuncType, valueType } from "./sections.ts";
import { writeOperator } from "./write-operator.ts";

/** Where things are in the prepared module. */
export interface PreparedLayout {
  readonly heightGlobal: number;
  readonly gasGlobal: number;
  readonly growFunction: number;
  readonly addedImports: number;
  /** Functions that are also entered without counting their height. */
  readonly referred: ReadonlySet<number>;
}

/** Locals that a body is given beside its own; their indexes, where it needs them. */
interface Scratch {
  readonly gas: number;
  readonly units: number;
  readonly f32: number;
  readonly f64: number;
}

/** Writes bodies of a prepared module. Each call returns the same buffer, filled anew. */
export class PreparedBodyWriter {
  readonly #analysed: AnalysedModule;
  readonly #module: WasmModule;
  readonly #layout: PreparedLayout;
  readonly #out: ByteWriter = new ByteWriter(1 << 16);

  constructor(analysed: AnalysedModule, layout: PreparedLayout) {
    this.#analysed = analysed;
    this.#module = analysed.module;
    this.#layout = layout;
  }

  /** A function of the actor. */
  body(bodyIndex: number): ByteWriter {
    const out = this.#begin();
    const { module, costs } = this.#analysed;
    const body = module.code.bodies[bodyIndex] as FunctionBody;
    const index = module.importedFunctions + bodyIndex;
    const type = module.types[module.functions[index] as number] as FuncType;
    const scratch = this.#writeLocals(out, body, bodyIndex, type.params.length);
    const cost = costs[index] as number;
    const isCounted = cost > stackLimit || this.#layout.referred.has(index) || this.#isCaller(body);
    if (isCounted) {
      this.#changeHeight(out, cost, op.i32Add);
      this.#checkHeight(out, stackLimit);
      out.u8(op.block);
      out.u8(type.results[0] ?? 0x40);
    } else this.#checkHeight(out, stackLimit - cost);
    this.#writeOperators(out, body, scratch, isCounted);
    if (isCounted) {
      this.#changeHeight(out, cost, op.i32Sub);
      out.u8(op.end);
    }
    return out;
  }

  /** What stands for a function that is exported or in a table: charges for the call and makes it. */
  thunk(callee: number, params: number, price: number): ByteWriter {
    const out = this.#begin();
    out.u8(1);
    out.u8(1);
    out.u8(valueType.i64);
    this.#charge(out, params, price, 0);
    this.#call(out, callee, params);
    out.u8(op.end);
    return out;
  }

  /** Calls a function whose height must not count: takes it off before the function adds it. */
  uncounted(callee: number, params: number, cost: number): ByteWriter {
    const out = this.#begin();
    out.u8(0);
    this.#changeHeight(out, cost, op.i32Sub);
    this.#call(out, callee, params);
    this.#changeHeight(out, cost, op.i32Add);
    out.u8(op.end);
    return out;
  }

  /** `memory.grow` that asks the host first. */
  growing(ask: number, failed: number): ByteWriter {
    const out = this.#begin();
    out.u8(0);
    this.#call(out, ask, 1);
    out.all(Uint8Array.of(op.i32Eqz, op.if, 0x40, op.i32Const, 0x7f, op.return, op.end));
    out.all(Uint8Array.of(op.localGet, 0, op.memoryGrow, 0, op.localTee, 0));
    out.all(Uint8Array.of(op.i32Const, 0x7f, op.i32Eq, op.if, 0x40));
    this.#call(out, failed, 0);
    out.all(Uint8Array.of(op.end, op.localGet, 0, op.end));
    return out;
  }

  #begin(): ByteWriter {
    this.#out.length = 0;
    return this.#out;
  }

  /** Whether a body can be on the stack together with another that counts. Imported functions never come back. */
  #isCaller({ first, end }: FunctionBody): boolean {
    const { code, importedFunctions } = this.#module;
    for (let at = first; at < end; at++) {
      if (code.ops[at] === op.callIndirect) return true;
      if (code.ops[at] === op.call && (code.args[at] as number) >= importedFunctions) return true;
    }
    return false;
  }

  #writeLocals(out: ByteWriter, { locals, localCount }: FunctionBody, bodyIndex: number, params: number): Scratch {
    const has = this.#analysed.charges.bodies[bodyIndex] as number;
    const groups = [...locals];
    let next = params + localCount;
    const added = (isNeeded: boolean, type: number): number => {
      if (isNeeded) groups.push({ count: 1, type });
      return isNeeded ? next++ : 0;
    };
    const gas = added((has & (bodyHas.blocks | bodyHas.units)) !== 0, valueType.i64);
    const units = added((has & bodyHas.units) !== 0, valueType.i32);
    const f32 = added((has & bodyHas.f32) !== 0, valueType.f32);
    const f64 = added((has & bodyHas.f64) !== 0, valueType.f64);
    out.u32(groups.length);
    for (const { count, type } of groups) {
      out.u32(count);
      out.u8(type);
    }
    return { gas, units, f32, f64 };
  }

  #writeOperators(out: ByteWriter, body: FunctionBody, scratch: Scratch, isWrapped: boolean): void {
    const { code, bytes, importedFunctions } = this.#module;
    const { charges } = this.#analysed;
    const { ops, at, args, isPadded } = code;
    const units = unitPrices[this.#analysed.rules];
    const hasHigh = charges.high.size > 0;
    const { addedImports, growFunction } = this.#layout;
    let depth = 0;
    let copied = at[body.first] as number; // up to here the module's bytes are in the output, or have been replaced
    for (let cursor = body.first; cursor < body.end; cursor++) {
      const opcode = ops[cursor] as number;
      const here = at[cursor] as number;
      const next = cursor + 1 < body.end ? (at[cursor + 1] as number) : body.bytesEnd;
      const low = charges.low[cursor] as number;
      if (low !== 0 || (hasHigh && charges.high.has(cursor))) {
        out.range(bytes, copied, here);
        copied = here;
        this.#charge(out, scratch.gas, low, charges.high.get(cursor) ?? 0);
      }
      if (units[opcode] !== 0 && unitPrice(code, units, cursor) !== 0) {
        out.range(bytes, copied, here);
        copied = here;
        this.#chargeUnits(out, scratch, units[opcode] as number);
      }
      if (opcode >= op.block && opcode <= op.if) depth++;
      else if (opcode === op.end) depth--;
      const isMoved = addedImports > 0 && opcode === op.call && (args[cursor] as number) >= importedFunctions;
      const isReturn = isWrapped && opcode === op.return;
      const isGrow = opcode === op.memoryGrow;
      if (isMoved || isReturn || isGrow || isPadded[cursor] === 1) {
        out.range(bytes, copied, here);
        copied = next;
        if (isReturn) {
          out.u8(op.br);
          out.u32(depth);
        } else if (isMoved || isGrow) {
          out.u8(op.call);
          out.u32(isGrow ? growFunction : (args[cursor] as number) + addedImports);
        } else writeOperator(out, code, bytes, cursor);
      }
      const float = canonicalised[opcode] as number;
      if (float !== 0) {
        out.range(bytes, copied, next);
        copied = next;
        writeCanonicalNan(out, float === 1, float === 1 ? scratch.f32 : scratch.f64);
      }
    }
    out.range(bytes, copied, body.bytesEnd);
  }

  #charge(out: ByteWriter, local: number, low: number, high: number): void {
    this.#global(out, op.globalGet, this.#layout.gasGlobal);
    out.u8(op.i64Const);
    out.i64(low, high);
    this.#take(out, local);
  }

  #chargeUnits(out: ByteWriter, { gas, units }: Scratch, unit: number): void {
    out.u8(op.localSet);
    out.u32(units);
    this.#global(out, op.globalGet, this.#layout.gasGlobal);
    out.u8(op.localGet);
    out.u32(units);
    out.u8(op.i64ExtendI32U);
    out.u8(op.i64Const);
    out.i64(unit, 0);
    out.u8(op.i64Mul);
    this.#take(out, gas);
    out.u8(op.localGet);
    out.u32(units);
  }

  /**
   * Subtracts the topmost value from the counter below it, keeps the result, and traps if that is below 0.
   *
   * Written out at each charge, where the reference calls a function. Measured (CPU time, plain code = 1): a recursion, a
   * sieve and a hash took x1.6, x1.3, x1.1 under Liftoff and x2.2, x1.6, x1.1 under TurboFan; with calls x3.8, x4.6, x1.7
   * and x2.8, x1.6, x1.7. It costs a third more time to compile (a 1.75 MB actor: 103 to 78 ms under Liftoff). Tried and
   * equal within noise: the counter read again in place of a local, and one trapping block around the body to branch to.
   */
  #take(out: ByteWriter, local: number): void {
    out.u8(op.i64Sub);
    out.u8(op.localTee);
    out.u32(local);
    this.#global(out, op.globalSet, this.#layout.gasGlobal);
    out.u8(op.localGet);
    out.u32(local);
    out.all(isNegativeThenTrap);
  }

  #changeHeight(out: ByteWriter, cost: number, by: number): void {
    this.#global(out, op.globalGet, this.#layout.heightGlobal);
    out.u8(op.i32Const);
    out.i32(cost | 0);
    out.u8(by);
    this.#global(out, op.globalSet, this.#layout.heightGlobal);
  }

  /** Traps if the height is over `most`. */
  #checkHeight(out: ByteWriter, most: number): void {
    this.#global(out, op.globalGet, this.#layout.heightGlobal);
    out.u8(op.i32Const);
    out.i32(most);
    out.all(isGreaterThenTrap);
  }

  #call(out: ByteWriter, callee: number, params: number): void {
    for (let param = 0; param < params; param++) {
      out.u8(op.localGet);
      out.u32(param);
    }
    out.u8(op.call);
    out.u32(callee);
  }

  #global(out: ByteWriter, opcode: number, index: number): void {
    out.u8(opcode);
    out.u32(index);
  }
}

const isNegativeThenTrap = Uint8Array.of(op.i64Const, 0, op.i64LtS, op.if, 0x40, op.unreachable, op.end);
const isGreaterThenTrap = Uint8Array.of(op.i32GtU, op.if, 0x40, op.unreachable, op.end);
