import {
  fieldOrder,
  instructionWords,
  limbBits,
  limbs,
  makeFieldMachine,
  multiply,
  numberBytes,
  radix,
  subtract,
} from "./field-machine.ts";
import type { Kernel } from "./wasm-code.ts";

/** Address of 0 in every program. */
export const zeroAt = 0;
/** Address of 1. */
export const oneAt: number = numberBytes;
/** Address of what `power` raises, and where it leaves the result. */
export const accumulator: number = 2 * numberBytes;
const powersAt = 4 * numberBytes;
/** From here on memory is the owner's. */
export const freeAt: number = 20 * numberBytes;

/** A number as mcl keeps it: times 2^384, in 12 words of 32 bits. */
export const wordForm: bigint = 1n << 384n;
const words32 = 12;

/** Instructions for a machine and the memory it works on: written here, then run together. */
export class FieldProgram {
  readonly #machine: Kernel;
  readonly #words: Int32Array;
  readonly #start: number;
  #at: number;

  /**
   * @param size bytes of memory at least
   * @param start where instructions go
   */
  constructor(size: number, start: number) {
    this.#machine = makeFieldMachine(Math.ceil(size / 65_536));
    this.#words = new Int32Array(this.#machine.memory.buffer);
    this.#start = start;
    this.#at = start / 4;
    this.put(oneAt, radix % fieldOrder);
  }

  /** Bytes of memory there are. */
  get size(): number {
    return this.#machine.memory.length;
  }

  /** Adds an instruction: addresses of where the result goes, and of three numbers. */
  instruct(
    what: typeof multiply | typeof subtract,
    target: number,
    first: number,
    second: number,
    third: number,
  ): void {
    const words = this.#words;
    const at = this.#at;
    words[at] = what;
    words[at + 1] = target;
    words[at + 2] = first;
    words[at + 3] = second;
    words[at + 4] = third;
    this.#at = at + instructionWords;
  }

  /** target = first · second */
  times(target: number, first: number, second: number): void {
    this.instruct(multiply, target, first, second, zeroAt);
  }

  /** target = first − second */
  minus(target: number, first: number, second: number): void {
    this.instruct(subtract, target, first, second, zeroAt);
  }

  /** Runs what was written since the last run. */
  run(): void {
    if (4 * this.#at > this.#start) this.#machine.run(this.#start, 4 * this.#at);
    this.#at = this.#start / 4;
  }

  /**
   * Writes, at an address, instructions that raise the accumulator to a power: four bits of the exponent at a time.
   *
   * @returns what runs them
   */
  power(exponent: bigint, at: number): () => void {
    const back = this.#at;
    this.#at = at / 4;
    const power = (i: number): number => powersAt + i * numberBytes;
    this.minus(power(0), oneAt, zeroAt);
    for (let i = 1; i < 16; i++) this.times(power(i), power(i - 1), accumulator);
    const digits = [...exponent.toString(16)].map((digit) => Number.parseInt(digit, 16));
    this.minus(accumulator, power(digits[0] as number), zeroAt);
    for (const digit of digits.slice(1)) {
      for (let i = 0; i < 4; i++) this.times(accumulator, accumulator, accumulator);
      if (digit !== 0) this.times(accumulator, accumulator, power(digit));
    }
    const end = 4 * this.#at;
    this.#at = back;
    return () => this.#machine.run(at, end);
  }

  /** Puts a number below twice the order, as it is. */
  put(at: number, value: bigint): void {
    for (let i = 0; i < limbs; i++) this.#words[at / 4 + i] = Number((value >> BigInt(limbBits * i)) & 0xfffffffn);
  }

  /** The number at an address, below the order. */
  get(at: number): bigint {
    let value = 0n;
    for (let i = limbs - 1; i >= 0; i--)
      value = (value << BigInt(limbBits)) | BigInt(this.#words[at / 4 + i] as number);
    return value % fieldOrder;
  }

  /** Puts 12 words of 32 bits that stand in a list from an index on. */
  putWords(at: number, words: Uint32Array, from: number): void {
    for (let i = 0; i < limbs; i++) {
      const bit = limbBits * i;
      const word = from + (bit >> 5);
      const shift = bit & 31;
      const low = (words[word] as number) >>> shift;
      const high = shift > 4 && bit >> 5 < words32 - 1 ? (words[word + 1] as number) << (32 - shift) : 0;
      this.#words[at / 4 + i] = (low | high) & 0xfffffff;
    }
  }

  /** The number at an address as 12 words of 32 bits, put into a list from an index on. */
  getWords(at: number, words: Uint32Array, to: number): void {
    let value = this.get(at);
    for (let i = 0; i < words32; i++) {
      words[to + i] = Number(value & 0xffffffffn);
      value >>= 32n;
    }
  }
}
