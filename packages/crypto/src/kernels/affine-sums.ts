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

/** Most points that are summed at once: what the memory below is for. */
export const mostPoints = 2048;
/** Sums that share one inversion: it costs as much as 60 of them. */
const batchLength = 1024;
/** Bytes of a point: two numbers, x and y. */
export const pointBytes: number = 2 * numberBytes;
/** Additions of one {@link AffineSums}, at most, between resets: weights of 130 bits give 45,000 for the most points. */
const mostSums = 50_000;

// Where things stand in memory, in bytes.
const zeroAt = 0;
const oneAt = numberBytes;
const accumulator = 2 * numberBytes;
const [inverse, slope, square, product] = [3, 4, 5, 6].map((i) => i * numberBytes) as [number, number, number, number];
const powersAt = 8 * numberBytes;
const inversionAt = powersAt + 16 * numberBytes;
const inversionLength = 600 * 4 * instructionWords;
const prefixAt = inversionAt + inversionLength;
const programAt = prefixAt + (batchLength + 1) * numberBytes;
const programLength = 7 * batchLength * 4 * instructionWords;
const inputAt = programAt + programLength;
const sumsAt = inputAt + 2 * mostPoints * pointBytes;
const pages = Math.ceil((sumsAt + mostSums * pointBytes) / 65_536);

/** A number in the form that mcl keeps in 32-bit words: times 2^384, in 12 words. */
const wordForm: bigint = 1n << 384n;

/**
 * Sums of affine points of BLS12-381's G1, many at once: their inversions are made as one.
 *
 * A point has an address. Addition of a point to itself or to its opposite is not known here: it is found out, and told.
 *
 * Cost: six multiplications in the field a sum, 1.1 µs. Memory: 7 MiB, kept.
 */
export class AffineSums {
  readonly #machine: Kernel;
  readonly #words: Int32Array;
  readonly #inversionEnd: number;
  readonly #left = new Int32Array(batchLength);
  readonly #right = new Int32Array(batchLength);
  readonly #target = new Int32Array(batchLength);
  #batched = 0;
  #free = sumsAt;
  #at = 0;
  #failed = false;

  constructor() {
    this.#machine = makeFieldMachine(pages);
    this.#words = new Int32Array(this.#machine.memory.buffer);
    this.#put(oneAt, radix % fieldOrder);
    this.#put(prefixAt, radix % fieldOrder);
    this.#inversionEnd = this.#writeInversion();
  }

  /**
   * Takes points in: 24 words each, x and y times 2^384, as mcl keeps points that are normalized. Forgets all others.
   *
   * @returns the address of the first; each is followed by its opposite
   */
  load(points: readonly Uint32Array[]): number {
    this.#free = sumsAt;
    this.#failed = false;
    // times 2^384, times this, divided by 2^392 in multiplication, is times 2^392
    this.#put(product, ((radix * radix) / wordForm) % fieldOrder);
    this.#begin();
    for (const [i, words] of points.entries()) {
      const at = inputAt + 2 * i * pointBytes;
      this.#unpack(words, 0, at);
      this.#unpack(words, 12, at + numberBytes);
      this.#instruct(multiply, at, at, product, zeroAt);
      this.#instruct(multiply, at + numberBytes, at + numberBytes, product, zeroAt);
      this.#instruct(subtract, at + pointBytes, at, zeroAt, zeroAt);
      this.#instruct(subtract, at + pointBytes + numberBytes, zeroAt, at + numberBytes, zeroAt);
      if (i % batchLength === batchLength - 1) this.#run();
    }
    this.#run();
    return inputAt;
  }

  /**
   * Sums lists: `items` has addresses of points, `ends` where each list ends that begins where the one before ended. In the
   * place of each list's first item comes the address of its sum.
   *
   * @returns false where points were added that have the same x: no address means anything then
   */
  sumLists(items: Int32Array, ends: Int32Array): boolean {
    const lengths = new Int32Array(ends.length);
    for (let list = 0, start = 0; list < ends.length; list++) {
      const end = ends[list] as number;
      lengths[list] = end - start;
      start = end;
    }
    for (let isDone = false; !isDone && !this.#failed; this.#flush()) {
      isDone = true;
      for (let list = 0, start = 0; list < ends.length; list++) {
        const length = lengths[list] as number;
        if (length > 1) {
          const pairs = length >> 1;
          for (let i = 0; i < pairs; i++) {
            items[start + i] = this.#add(items[start + 2 * i] as number, items[start + 2 * i + 1] as number);
          }
          if ((length & 1) === 1) items[start + pairs] = items[start + length - 1] as number;
          lengths[list] = length - pairs;
          isDone &&= length - pairs === 1;
        }
        start = ends[list] as number;
      }
    }
    return !this.#failed;
  }

  /** A point's 24 words, as {@link load} takes them. */
  read(point: number): Uint32Array {
    this.#put(product, wordForm % fieldOrder);
    this.#begin();
    this.#instruct(multiply, slope, point, product, zeroAt);
    this.#instruct(multiply, square, point + numberBytes, product, zeroAt);
    this.#run();
    const words = new Uint32Array(24);
    this.#pack(slope, words, 0);
    this.#pack(square, words, 12);
    return words;
  }

  /** Plans a sum; it is there after `#flush`. */
  #add(left: number, right: number): number {
    if (this.#batched === batchLength) this.#flush();
    const target = this.#free;
    if (target + pointBytes > this.#machine.memory.length) {
      this.#failed = true;
      return left;
    }
    this.#free += pointBytes;
    this.#left[this.#batched] = left;
    this.#right[this.#batched] = right;
    this.#target[this.#batched++] = target;
    return target;
  }

  /** Makes the planned sums: Montgomery's trick gives the inverses of all differences of x for one inversion. */
  #flush(): void {
    const count = this.#batched;
    this.#batched = 0;
    if (count === 0 || this.#failed) return;
    this.#begin();
    for (let i = 0; i < count; i++) {
      const before = prefixAt + i * numberBytes;
      this.#instruct(multiply, before + numberBytes, before, this.#right[i] as number, this.#left[i] as number);
    }
    const all = prefixAt + count * numberBytes;
    this.#instruct(subtract, accumulator, all, zeroAt, zeroAt);
    this.#run();
    if (this.#get(accumulator) % fieldOrder === 0n) {
      this.#failed = true;
      return;
    }
    this.#machine.run(inversionAt, this.#inversionEnd);
    this.#begin();
    for (let i = count - 1; i >= 0; i--) {
      const [left, right, target] = [this.#left[i], this.#right[i], this.#target[i]] as [number, number, number];
      this.#instruct(multiply, inverse, accumulator, prefixAt + i * numberBytes, zeroAt);
      this.#instruct(multiply, accumulator, accumulator, right, left);
      this.#instruct(multiply, slope, inverse, right + numberBytes, left + numberBytes);
      this.#instruct(multiply, square, slope, slope, zeroAt);
      this.#instruct(subtract, target, square, left, right);
      this.#instruct(multiply, product, slope, left, target);
      this.#instruct(subtract, target + numberBytes, product, left + numberBytes, zeroAt);
    }
    this.#run();
  }

  /** Instructions that raise the accumulator to the order less 2: its inverse. Four bits of the exponent at a time. */
  #writeInversion(): number {
    this.#at = inversionAt / 4;
    const power = (i: number): number => powersAt + i * numberBytes;
    this.#instruct(subtract, power(0), oneAt, zeroAt, zeroAt);
    for (let i = 1; i < 16; i++) this.#instruct(multiply, power(i), power(i - 1), accumulator, zeroAt);
    const digits = [...(fieldOrder - 2n).toString(16)].map((digit) => Number.parseInt(digit, 16));
    this.#instruct(subtract, accumulator, power(digits[0] as number), zeroAt, zeroAt);
    for (const digit of digits.slice(1)) {
      for (let i = 0; i < 4; i++) this.#instruct(multiply, accumulator, accumulator, accumulator, zeroAt);
      if (digit !== 0) this.#instruct(multiply, accumulator, accumulator, power(digit), zeroAt);
    }
    return 4 * this.#at;
  }

  #begin(): void {
    this.#at = programAt / 4;
  }

  #instruct(what: number, target: number, first: number, second: number, third: number): void {
    const words = this.#words;
    const at = this.#at;
    words[at] = what;
    words[at + 1] = target;
    words[at + 2] = first;
    words[at + 3] = second;
    words[at + 4] = third;
    this.#at = at + instructionWords;
  }

  #run(): void {
    if (4 * this.#at > programAt) this.#machine.run(programAt, 4 * this.#at);
    this.#begin();
  }

  /** 12 words of 32 bits to 14 limbs of 28. */
  #unpack(words: Uint32Array, from: number, at: number): void {
    for (let i = 0; i < limbs; i++) {
      const bit = limbBits * i;
      const word = from + (bit >> 5);
      const shift = bit & 31;
      const low = (words[word] as number) >>> shift;
      const high = shift > 4 && bit >> 5 < 11 ? (words[word + 1] as number) << (32 - shift) : 0;
      this.#words[at / 4 + i] = (low | high) & 0xfffffff;
    }
  }

  #pack(at: number, words: Uint32Array, to: number): void {
    let value = this.#get(at) % fieldOrder;
    for (let i = 0; i < 12; i++) {
      words[to + i] = Number(value & 0xffffffffn);
      value >>= 32n;
    }
  }

  #put(at: number, value: bigint): void {
    for (let i = 0; i < limbs; i++) this.#words[at / 4 + i] = Number((value >> BigInt(limbBits * i)) & 0xfffffffn);
  }

  #get(at: number): bigint {
    let value = 0n;
    for (let i = limbs - 1; i >= 0; i--)
      value = (value << BigInt(limbBits)) | BigInt(this.#words[at / 4 + i] as number);
    return value;
  }
}
