import { ByteReader } from "./byte-reader.ts";
import type { CodeStream } from "./code.ts";
import { invalidModule } from "./invalid.ts";
import type { WasmModule } from "./module.ts";
import { op, pops, pushes } from "./operators.ts";
import { activationCost, type InstrumentRules } from "./rules.ts";

/**
 * What a call of each function adds to the abstract stack height; 0 for imported ones. Unit: values.
 *
 * It is the largest operand height plus, under 0.2.0, the number of declared locals, and under 0.4.0 the number of
 * *groups* they are declared in, a slip of the tool that the chain has kept.
 *
 * @throws {VmError} `vm/module-invalid`: code after a branch that takes more values than the tool's count allows
 * @see fvm-wasm-instrument:src/stack_limiter/mod.rs, max_height.rs
 */
export function stackCosts(module: WasmModule, rules: InstrumentRules): Uint32Array {
  const { bodies } = module.code;
  const costs = new Uint32Array(module.functions.length);
  const heights = new HeightCounter(module, rules);
  for (let index = 0; index < bodies.length; index++) {
    const body = bodies[index] as (typeof bodies)[number];
    const locals = rules === "0.2.0" ? body.localCount : body.locals.length;
    costs[module.importedFunctions + index] = locals + heights.largest(index);
  }
  return costs;
}

/** Counts operand heights of one body after another; its frames are parallel arrays that are kept between bodies. */
class HeightCounter {
  readonly #module: WasmModule;
  readonly #code: CodeStream;
  readonly #params: Uint32Array;
  readonly #results: Uint32Array;
  readonly #labels: ByteReader;
  /** Under 0.2.0 the second index byte of `memory.copy` and `table.copy` is taken for an `unreachable`. */
  readonly #copyEnds: boolean;
  #isDead: Uint8Array = new Uint8Array(64);
  #endArity: Uint32Array = new Uint32Array(64);
  #branchArity: Uint32Array = new Uint32Array(64);
  #base: Uint32Array = new Uint32Array(64);

  constructor(module: WasmModule, rules: InstrumentRules) {
    this.#module = module;
    this.#code = module.code;
    this.#copyEnds = rules === "0.2.0";
    this.#params = Uint32Array.from(module.types, (type) => type.params.length);
    this.#results = Uint32Array.from(module.types, (type) => type.results.length);
    this.#labels = new ByteReader(module.bytes);
  }

  largest(bodyIndex: number): number {
    const { ops, args, bodies } = this.#code;
    const { functions, importedFunctions } = this.#module;
    const body = bodies[bodyIndex] as (typeof bodies)[number];
    const results = this.#results[functions[importedFunctions + bodyIndex] as number] as number;
    let top = 0;
    this.#push(0, results, results, 0);
    let height = activationCost;
    let largest = 0;
    for (let at = body.first; at < body.end; at++) {
      const code = ops[at] as number;
      if (height > largest && this.#isDead[top] === 0) largest = height;
      switch (code) {
        case op.block:
        case op.loop:
        case op.if: {
          if (code === op.if) height = this.#pop(at, height, top, 1);
          const arity = args[at] === 0x40 ? 0 : 1;
          this.#push(++top, arity, code === op.loop ? 0 : arity, height);
          break;
        }
        case op.end:
          height = (this.#base[top] as number) + (this.#endArity[top] as number);
          top--;
          break;
        case op.unreachable:
          this.#isDead[top] = 1;
          break;
        case op.br:
          height = this.#pop(at, height, top, this.#branchArity[top - (args[at] as number)] as number);
          this.#isDead[top] = 1;
          break;
        case op.brIf: {
          const arity = this.#branchArity[top - (args[at] as number)] as number;
          height = this.#pop(at, this.#pop(at, height, top, arity), top, 1) + arity;
          break;
        }
        case op.brTable:
          height = this.#pop(at, height, top, this.#tableArity(at, top));
          this.#isDead[top] = 1;
          break;
        case op.return:
          height = this.#pop(at, height, top, results);
          this.#isDead[top] = 1;
          break;
        case op.call: {
          const type = functions[args[at] as number] as number;
          height = this.#pop(at, height, top, this.#params[type] as number) + (this.#results[type] as number);
          break;
        }
        case op.callIndirect: {
          const type = args[at] as number;
          height = this.#pop(at, this.#pop(at, height, top, 1), top, this.#params[type] as number);
          height += this.#results[type] as number;
          break;
        }
        case op.select:
          height = this.#pop(at, this.#pop(at, height, top, 2), top, 1) + 1;
          break;
        default: {
          const taken = pops[code] as number;
          if (taken > 0) height = this.#pop(at, height, top, taken);
          height += pushes[code] as number;
          if (this.#copyEnds && (code === op.memoryCopy || code === op.tableCopy)) this.#isDead[top] = 1;
        }
      }
    }
    return largest;
  }

  /**
   * The height with `count` values less. After a branch, taking from an empty block changes nothing; but taking two
   * where there is one goes below the block's base, and the count stays off until the block ends. So does the tool's.
   */
  #pop(at: number, height: number, top: number, count: number): number {
    if (count === 0) return height;
    if (height === this.#base[top]) {
      if (this.#isDead[top] === 1) return height;
      throw invalidModule(this.#code.at[at] as number, "takes more values than the block has");
    }
    if (height < count) throw invalidModule(this.#code.at[at] as number, "takes more values than there are");
    return height - count;
  }

  #push(top: number, endArity: number, branchArity: number, base: number): void {
    if (top === this.#base.length) this.#grow();
    this.#isDead[top] = 0;
    this.#endArity[top] = endArity;
    this.#branchArity[top] = branchArity;
    this.#base[top] = base;
  }

  #grow(): void {
    const room = this.#base.length * 2;
    const isDead = new Uint8Array(room);
    isDead.set(this.#isDead);
    this.#isDead = isDead;
    this.#endArity = grown(this.#endArity, room);
    this.#branchArity = grown(this.#branchArity, room);
    this.#base = grown(this.#base, room);
  }

  #tableArity(at: number, top: number): number {
    const reader = this.#labels;
    reader.at = (this.#code.at[at] as number) + 1;
    const labels = reader.u32();
    let arity = 0;
    let isMixed = false;
    for (let index = 0; index <= labels; index++) {
      const found = this.#branchArity[top - reader.u32()] as number;
      if (index > 0 && found !== arity) isMixed = true;
      arity = found;
    }
    if (isMixed) throw invalidModule(this.#code.at[at] as number, "targets of several arities");
    return arity;
  }
}

function grown(values: Uint32Array, room: number): Uint32Array {
  const made = new Uint32Array(room);
  made.set(values);
  return made;
}
