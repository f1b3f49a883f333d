// Runs what `random-module.ts` makes, and counts what the reference charges for it: the price of every operator that is
// executed. Where nothing traps that is the sum of all metered blocks, however they are divided: a block is paid for as a
// whole and executed as a whole. Shares nothing with src.
import { f32, f64, i32, i64 } from "./build.ts";
import type { Instruction } from "./instruction.ts";
import { binary, Trap, unary, type Value } from "./numeric.ts";
import type { RandomModule } from "./random-module.ts";

/** What a run came to. */
export interface Outcome {
  /** `undefined` where it trapped. */
  readonly result: Value | undefined;
  readonly memory: Uint8Array;
  /** Arguments of `env.log`. */
  readonly log: readonly number[];
  readonly milligas: bigint;
}

const page = 65_536;
const stepLimit = 100_000;
const free = new Set([0x00, 0x01, 0x02, 0x03, 0x05, 0x0b, 0x0f, 0x1a]);
/** Where code goes on: after the list, at the end of a block so many out, or out of the function. */
const goesOn = -1;
const returns = 1 << 20;

/** @returns `undefined` where it takes too long */
export function interpret(
  module: RandomModule,
  isOld: boolean,
  args: readonly Value[],
  answer: (value: number) => number,
): Outcome | undefined {
  const run = new Run(module, isOld, answer);
  let result: Value | undefined;
  try {
    run.enter(1);
    result = run.call(1, args);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    if (!(error instanceof Trap)) throw error;
  }
  return run.steps > stepLimit
    ? undefined
    : { result, memory: run.memory, log: run.log, milligas: BigInt(run.milligas) };
}

class Run {
  memory: Uint8Array = new Uint8Array(page);
  milligas = 0;
  steps = 0;
  readonly log: number[] = [];
  readonly #module: RandomModule;
  readonly #isOld: boolean;
  readonly #answer: (value: number) => number;
  readonly #globals: Value[];
  readonly #stack: Value[] = [];

  constructor(module: RandomModule, isOld: boolean, answer: (value: number) => number) {
    this.#module = module;
    this.#isOld = isOld;
    this.#answer = answer;
    this.#globals = module.globals.map(({ value }) => value);
    const at = module.bytes.length - 64; // the data segment is the last thing in the module
    this.memory.set(module.bytes.subarray(at));
  }

  /** The thunk before a function that is exported or in the table. */
  enter(index: number): void {
    this.milligas += ((this.#module.functions[index]?.params.length as number) + 13) * 4000;
  }

  call(index: number, args: readonly Value[]): Value | undefined {
    if (index === 0) {
      this.log.push(args[0] as number);
      return this.#answer(args[0] as number);
    }
    const { locals, code, results } = this.#module.functions[index] as RandomModule["functions"][number];
    const frame = [...args, ...locals.map((type) => (type === i64 || type === f64 ? 0n : 0))];
    const base = this.#stack.length;
    this.#list(code, frame);
    const result = results.length > 0 ? this.#stack.at(-1) : undefined;
    this.#stack.length = base;
    return result;
  }

  #list(code: readonly Instruction[], frame: Value[]): number {
    for (const instruction of code) {
      const to = this.#one(instruction, frame);
      if (to !== goesOn) return to;
    }
    return goesOn;
  }

  #one(instruction: Instruction, frame: Value[]): number {
    const { op, a = 0 } = instruction;
    if (++this.steps > stepLimit) throw new Trap("too long");
    if (!free.has(op)) this.milligas += 4000;
    if (op >= 0x28 && op <= 0x3e) this.#access(op, a as number);
    else if (binary[op]) {
      const b = this.#pop();
      this.#stack.push((binary[op] as (typeof binary)[number])(this.#pop(), b));
    } else if (unary[op]) this.#stack.push((unary[op] as (typeof unary)[number])(this.#pop()));
    else return this.#special(instruction, frame);
    return goesOn;
  }

  #special(instruction: Instruction, frame: Value[]): number {
    const { op, a = 0, labels } = instruction;
    const stack = this.#stack;
    const at = Number(a);
    switch (op) {
      case 0x00:
        throw new Trap("unreachable");
      case 0x01:
        return goesOn;
      case 0x02:
      case 0x03:
      case 0x04:
        return this.#block(instruction, frame);
      case 0x0c:
        return at;
      case 0x0d:
        return this.#pop() === 0 ? goesOn : at;
      case 0x0e: {
        const index = (this.#pop() as number) >>> 0;
        return (labels as number[])[Math.min(index, (labels as number[]).length - 1)] as number;
      }
      case 0x0f:
        return returns;
      case 0x10:
        if (at > 0) this.milligas += 12 * 4000; // the stack limiter's operators
        this.#apply(at);
        return goesOn;
      case 0x11: {
        const callee = this.#module.table[(this.#pop() as number) >>> 0];
        if (callee === undefined || !this.#hasType(callee, at)) throw new Trap("indirect call");
        if (callee > 0) this.enter(callee);
        this.#apply(callee);
        return goesOn;
      }
      case 0x1a:
        this.#pop();
        return goesOn;
      case 0x1b: {
        const condition = this.#pop();
        const second = this.#pop();
        if (condition === 0) stack[stack.length - 1] = second;
        return goesOn;
      }
      case 0x20:
        stack.push(frame[at] as Value);
        return goesOn;
      case 0x21:
        frame[at] = this.#pop();
        return goesOn;
      case 0x22:
        frame[at] = stack.at(-1) as Value;
        return goesOn;
      case 0x23:
        stack.push(this.#globals[at] as Value);
        return goesOn;
      case 0x24:
        this.#globals[at] = this.#pop();
        return goesOn;
      case 0x3f:
        stack.push(this.memory.length / page);
        return goesOn;
      case 0x40:
        this.#grow();
        return goesOn;
      case 0xfc0a:
      case 0xfc0b:
        this.#bulk(op);
        return goesOn;
      default:
        stack.push(a);
        return goesOn;
    }
  }

  #block({ op, type, body, otherwise }: Instruction, frame: Value[]): number {
    const isTaken = op !== 0x04 || this.#pop() !== 0;
    const base = this.#stack.length;
    for (;;) {
      const to = this.#list((isTaken ? body : otherwise) ?? [], frame);
      if (to > 0) return to === returns ? to : to - 1;
      if (to === 0 && op === 0x03) {
        this.#stack.length = base;
        continue;
      }
      const hasValue = type !== 0x40;
      const value = hasValue ? this.#pop() : 0;
      this.#stack.length = base;
      if (hasValue) this.#stack.push(value);
      return goesOn;
    }
  }

  #apply(index: number): void {
    const { params } = this.#module.functions[index] as RandomModule["functions"][number];
    const args = this.#stack.splice(this.#stack.length - params.length);
    const result = this.call(index, args);
    if (result !== undefined) this.#stack.push(result);
  }

  #hasType(callee: number, type: number): boolean {
    return JSON.stringify(this.#module.types[callee]) === JSON.stringify(this.#module.types[type]);
  }

  #grow(): void {
    const pages = this.#pop() as number;
    if (!this.#isOld) this.milligas += pages * page * 400;
    const now = this.memory.length / page;
    if (now + pages > 3) return void this.#stack.push(-1);
    const grown = new Uint8Array((now + pages) * page);
    grown.set(this.memory);
    this.memory = grown;
    this.#stack.push(now);
  }

  #bulk(op: number): void {
    const size = this.#pop() as number;
    const from = (this.#pop() as number) >>> 0;
    const to = (this.#pop() as number) >>> 0;
    if (!this.#isOld) this.milligas += size * 400;
    const end = this.memory.length;
    if (to + size > end || (op === 0xfc0a && from + size > end)) throw new Trap("out of bounds");
    if (op === 0xfc0b) this.memory.fill(from & 0xff, to, to + size);
    else this.memory.copyWithin(to, from, from + size);
  }

  #access(op: number, offset: number): void {
    const [size, isSigned, type] = accesses[op - 0x28] as (typeof accesses)[number];
    const value = op >= 0x36 ? this.#pop() : 0;
    const at = ((this.#pop() as number) >>> 0) + offset;
    if (at + size > this.memory.length) throw new Trap("out of bounds");
    const isWide = type === i64 || type === f64;
    if (op >= 0x36) {
      const bits = BigInt.asUintN(64, BigInt(value));
      for (let byte = 0; byte < size; byte++) this.memory[at + byte] = Number((bits >> BigInt(8 * byte)) & 0xffn);
      return;
    }
    let bits = 0n;
    for (let byte = 0; byte < size; byte++) bits |= BigInt(this.memory[at + byte] as number) << BigInt(8 * byte);
    const found = isSigned ? BigInt.asIntN(8 * size, bits) : bits;
    this.#stack.push(isWide ? BigInt.asIntN(64, found) : Number(BigInt.asIntN(32, found)));
  }

  #pop(): Value {
    return this.#stack.pop() as Value;
  }
}

/** Size, whether it extends the sign, type: of loads and stores from 0x28. */
const accesses: readonly (readonly [number, boolean, number])[] = [
  [4, false, i32],
  [8, false, i64],
  [4, false, f32],
  [8, false, f64],
  [1, true, i32],
  [1, false, i32],
  [2, true, i32],
  [2, false, i32],
  [1, true, i64],
  [1, false, i64],
  [2, true, i64],
  [2, false, i64],
  [4, true, i64],
  [4, false, i64],
  [4, false, i32],
  [8, false, i64],
  [4, false, f32],
  [8, false, f64],
  [1, false, i32],
  [2, false, i32],
  [1, false, i64],
  [2, false, i64],
  [4, false, i64],
];
