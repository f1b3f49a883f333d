import { ByteReader } from "./byte-reader.ts";
import { invalidModule } from "./invalid.ts";
import type { WasmModule } from "./module.ts";
import { isFree, op, unitPrices } from "./operators.ts";
import { type InstrumentRules, limitedCallPrice, operatorPrice } from "./rules.ts";

/** What is charged before which operator; indexes are those of the module's code stream. */
export interface Charges {
  /** Milligas charged before each operator, in unsigned halves; both 0 where nothing is. */
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  /** Milligas a unit of the topmost operand costs, charged after the above and before the operator; 0 where nothing is. */
  readonly unit: Uint32Array;
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
  const charges = { low: new Uint32Array(length), high: new Uint32Array(length), unit: new Uint32Array(length) };
  const counter = new BlockCounter(module, costs, rules, charges);
  for (const body of module.code.bodies) counter.count(body.first, body.end);
  return charges;
}

class BlockCounter {
  readonly #module: WasmModule;
  readonly #costs: Uint32Array;
  readonly #units: Uint32Array;
  readonly #charges: Charges;
  readonly #labels: ByteReader;
  readonly #withDefault: boolean;
  // control blocks, in parallel
  #farthest: Uint32Array = new Uint32Array(64);
  #isLoop: Uint8Array = new Uint8Array(64);
  #start: Uint32Array = new Uint32Array(64);
  #low: Float64Array = new Float64Array(64);
  #high: Float64Array = new Float64Array(64);
  #top = 0;

  constructor(module: WasmModule, costs: Uint32Array, rules: InstrumentRules, charges: Charges) {
    this.#module = module;
    this.#costs = costs;
    this.#units = unitPrices[rules];
    this.#charges = charges;
    this.#labels = new ByteReader(module.bytes);
    // 0.4.0 leaves the default target of br_table out, a slip that changes blocks of real actors
    this.#withDefault = rules === "0.2.0";
  }

  count(first: number, end: number): void {
    const { ops, args } = this.#module.code;
    const units = this.#units;
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
          const unit = units[code] as number;
          if (unit === 0) break;
          if (at > first && ops[at - 1] === op.i32Const) {
            const size = args[at - 1] as number;
            if (size < 0) throw invalidModule(this.#module.code.at[at] as number, "a constant size below zero");
            this.#add(price, at);
            price = 0;
            this.#add(size * unit, at); // exact: a 31-bit number times 25 or less times a power of two, or below 2^53
          } else this.#charges.unit[at] = unit;
        }
      }
    }
  }

  #open(start: number, isLoop: boolean): void {
    const top = ++this.#top;
    if (top === this.#start.length) this.#grow();
    this.#farthest[top] = top;
    this.#isLoop[top] = isLoop ? 1 : 0;
    this.#start[top] = start;
    this.#low[top] = 0;
    this.#high[top] = 0;
  }

  #add(price: number, at: number): void {
    if (price === 0) return;
    const top = this.#top;
    const low = (this.#low[top] as number) + (price % two32);
    const carry = low >= two32 ? 1 : 0;
    this.#low[top] = low - carry * two32;
    this.#high[top] = (this.#high[top] as number) + Math.floor(price / two32) + carry;
    if ((this.#high[top] as number) >= two32) {
      throw invalidModule(this.#module.code.at[at] as number, "a block whose price is past 64 bits");
    }
  }

  /** Ends the metered block of the top control block at operator `at`. */
  #close(at: number): void {
    const top = this.#top;
    const start = this.#start[top] as number;
    const low = this.#low[top] as number;
    const high = this.#high[top] as number;
    this.#start[top] = at + 1;
    this.#low[top] = 0;
    this.#high[top] = 0;
    if (low === 0 && high === 0) return;
    if (top > 0 && this.#start[top - 1] === start) {
      // opened by `block`: what it cost so far belongs to the code before it
      const sum = (this.#low[top - 1] as number) + low;
      this.#low[top - 1] = sum % two32;
      this.#high[top - 1] = ((this.#high[top - 1] as number) + high + (sum >= two32 ? 1 : 0)) % two32;
      return;
    }
    const { low: lows, high: highs } = this.#charges;
    if (lows[start] !== 0 || highs[start] !== 0) {
      throw invalidModule(this.#module.code.at[start] as number, "two metered blocks at one operator");
    }
    lows[start] = low;
    highs[start] = high;
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
    this.#low = copy(new Float64Array(room), this.#low);
    this.#high = copy(new Float64Array(room), this.#high);
  }
}
