import { ByteReader } from "./byte-reader.ts";
import { canonicalised } from "./canonical-nan.ts";
import type { CodeStream } from "./code.ts";
import { invalidModule } from "./invalid.ts";
import type { WasmModule } from "./module.ts";
import { isFree, op, unitPrices } from "./operators.ts";
import { type InstrumentRules, limitedCallPrice, operatorPrice } from "./rules.ts";

/** What is charged before which operator; indexes are those of the module's code stream. */
export interface Charges {
  /** Milligas charged before each operator: the lower half, and the upper ones that are not 0. */
  readonly low: Uint32Array;
  readonly high: ReadonlyMap<number, number>;
  /** What each body has, as bits: see `bodyHas`. */
  readonly bodies: Uint8Array;
}

/** Bits of what a body has: metered blocks, operators charged by their operand, f32 and f64 results that may be NaN. */
export const bodyHas = { blocks: 1, units: 2, f32: 4, f64: 8 } as const;

/**
 * Milligas a unit of the topmost operand costs, charged after the block's price and before the operator at `at`; 0 where
 * nothing is, also where the operand is a constant: that is in the block's price.
 */
export function unitPrice({ ops }: CodeStream, units: Uint32Array, at: number): number {
  // the first operator of a body has no operand, so what is before it does not matter
  return ops[at - 1] === op.i32Const ? 0 : (units[ops[at] as number] as number);
}

const two32 = 0x1_0000_0000;

/**
 * Divides bodies into metered blocks, as the tool does on the output of its stack limiter.
 *
 * A direct call of a function with a stack cost stands for the 15 operators the limiter puts there: none of them begins
 * or ends a block, so their price is all there is to see here.
 *
 * @throws {VmError} `vm/module-invalid`: a negative constant as size of a linearly priced operator; a price past 64 bits
 * @see fvm-wasm-instrument:src/gas_metering/mod.rs (determine_metered_blocks)
 */
export function meteredBlocks(module: WasmModule, costs: Uint32Array, rules: InstrumentRules): Charges {
  const { length } = module.code;
  const bodies = new Uint8Array(module.code.bodies.length);
  const charges = { low: new Uint32Array(length), high: new Map<number, number>(), bodies };
  const counter = new BlockCounter(module, costs, rules, charges.low, charges.high);
  for (const [index, body] of module.code.bodies.entries()) bodies[index] = counter.count(body.first, body.end);
  return charges;
}

class BlockCounter {
  readonly #module: WasmModule;
  readonly #costs: Uint32Array;
  readonly #units: Uint32Array;
  readonly #low: Uint32Array;
  readonly #high: Map<number, number>;
  readonly #labels: ByteReader;
  readonly #withDefault: boolean;
  // control blocks, in parallel
  #farthest: Uint32Array = new Uint32Array(64);
  #isLoop: Uint8Array = new Uint8Array(64);
  #start: Uint32Array = new Uint32Array(64);
  #priceLow: Float64Array = new Float64Array(64);
  #priceHigh: Float64Array = new Float64Array(64);
  #hasBlocks = false;
  #top = 0;

  constructor(
    module: WasmModule,
    costs: Uint32Array,
    rules: InstrumentRules,
    low: Uint32Array,
    high: Map<number, number>,
  ) {
    this.#module = module;
    this.#costs = costs;
    this.#units = unitPrices[rules];
    this.#low = low;
    this.#high = high;
    this.#labels = new ByteReader(module.bytes);
    // 0.4.0 leaves the default target of br_table out, a slip that changes blocks of real actors
    this.#withDefault = rules === "0.2.0";
  }

  /** Counts one body. Returns what it has. */
  count(first: number, end: number): number {
    const { ops, args } = this.#module.code;
    const units = this.#units;
    let has = 0;
    this.#hasBlocks = false;
    this.#top = -1;
    this.#open(first, false);
    let price = 0; // of operators since the last one that opens, closes or leaves a block
    for (let at = first; at < end; at++) {
      const code = ops[at] as number;
      switch (code) {
        case op.block:
          this.#add(price, at);
          price = 0;
          this.#open(this.#start[this.#top] as number, false);
          break;
        case op.if:
        case op.loop:
          this.#add(code === op.if ? price + operatorPrice : price, at);
          price = 0;
          this.#open(at + 1, code === op.loop);
          break;
        case op.else:
          this.#add(price, at);
          price = 0;
          this.#close(at);
          break;
        case op.end:
          this.#add(price, at);
          price = 0;
          this.#leave(at);
          break;
        case op.br:
        case op.brIf:
          this.#add(price + operatorPrice, at);
          price = 0;
          this.#close(at);
          this.#branch(this.#top - (args[at] as number));
          break;
        case op.brTable:
          this.#add(price + operatorPrice, at);
          price = 0;
          this.#close(at);
          this.#branchTable(at);
          break;
        case op.return:
          this.#add(price, at);
          price = 0;
          this.#close(at);
          this.#branch(0);
          break;
        case op.call:
          price += this.#costs[args[at] as number] === 0 ? operatorPrice : limitedCallPrice;
          break;
        default: {
          if (isFree[code] === 0) price += operatorPrice;
          has |= (canonicalised[code] as number) << 2;
          const unit = units[code] as number;
          if (unit === 0) break;
          if (at > first && ops[at - 1] === op.i32Const) {
            const size = args[at - 1] as number;
            if (size < 0) throw invalidModule(this.#module.code.at[at] as number, "a constant size below zero");
            this.#add(price, at);
            price = 0;
            this.#add(size * unit, at); // exact: a 31-bit number times 25 or less times a power of two, or below 2^53
          } else has |= bodyHas.units;
        }
      }
    }
    return this.#hasBlocks ? has | bodyHas.blocks : has;
  }

  #open(start: number, isLoop: boolean): void {
    const top = ++this.#top;
    if (top === this.#start.length) this.#grow();
    this.#farthest[top] = top;
    this.#isLoop[top] = isLoop ? 1 : 0;
    this.#start[top] = start;
    this.#priceLow[top] = 0;
    this.#priceHigh[top] = 0;
  }

  #add(price: number, at: number): void {
    if (price === 0) return;
    const top = this.#top;
    const low = (this.#priceLow[top] as number) + (price % two32);
    const carry = low >= two32 ? 1 : 0;
    this.#priceLow[top] = low - carry * two32;
    this.#priceHigh[top] = (this.#priceHigh[top] as number) + Math.floor(price / two32) + carry;
    if ((this.#priceHigh[top] as number) >= two32) {
      throw invalidModule(this.#module.code.at[at] as number, "a block whose price is past 64 bits");
    }
  }

  /** Ends the metered block of the top control block at operator `at`. */
  #close(at: number): void {
    const top = this.#top;
    const start = this.#start[top] as number;
    const low = this.#priceLow[top] as number;
    const high = this.#priceHigh[top] as number;
    this.#start[top] = at + 1;
    this.#priceLow[top] = 0;
    this.#priceHigh[top] = 0;
    if (low === 0 && high === 0) return;
    if (top > 0 && this.#start[top - 1] === start) {
      // opened by `block`: what it cost so far belongs to the code before it
      const sum = (this.#priceLow[top - 1] as number) + low;
      this.#priceLow[top - 1] = sum % two32;
      this.#priceHigh[top - 1] = ((this.#priceHigh[top - 1] as number) + high + (sum >= two32 ? 1 : 0)) % two32;
      return;
    }
    if (this.#low[start] !== 0 || this.#high.has(start)) {
      throw invalidModule(this.#module.code.at[start] as number, "two metered blocks at one operator");
    }
    this.#hasBlocks = true;
    this.#low[start] = low;
    if (high !== 0) this.#high.set(start, high);
  }

  /** `end`: closes the top control block, and the block around it too if a branch may have left that. */
  #leave(at: number): void {
    this.#close(at);
    const farthest = this.#farthest[this.#top] as number;
    const top = --this.#top;
    if (top < 0) return;
    if (farthest < (this.#farthest[top] as number)) this.#farthest[top] = farthest;
    if (farthest < top + 1) this.#close(at);
  }

  #branch(target: number): void {
    if (this.#isLoop[target] === 1) return;
    if (target < (this.#farthest[this.#top] as number)) this.#farthest[this.#top] = target;
  }

  #branchTable(at: number): void {
    const reader = this.#labels;
    reader.at = (this.#module.code.at[at] as number) + 1;
    const labels = reader.u32() + (this.#withDefault ? 1 : 0);
    for (let index = 0; index < labels; index++) this.#branch(this.#top - reader.u32());
  }

  #grow(): void {
    const room = this.#start.length * 2;
    const copy = <T extends Uint8Array | Uint32Array | Float64Array>(made: T, from: T): T => {
      made.set(from);
      return made;
    };
    this.#farthest = copy(new Uint32Array(room), this.#farthest);
    this.#isLoop = copy(new Uint8Array(room), this.#isLoop);
    this.#start = copy(new Uint32Array(room), this.#start);
    this.#priceLow = copy(new Float64Array(room), this.#priceLow);
    this.#priceHigh = copy(new Float64Array(room), this.#priceHigh);
  }
}
