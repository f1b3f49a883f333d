import { fieldOrder, instructionWords, multiply, numberBytes, radix, subtract } from "./field-machine.ts";
import { accumulator, FieldProgram, freeAt, oneAt, wordForm, zeroAt } from "./field-program.ts";

/** Most points that are summed at once: what the memory below is for. */
export const mostPoints = 2048;
/** Bytes of a point: two numbers, x and y. */
export const pointBytes: number = 2 * numberBytes;
/** Sums that share one inversion: it costs as much as 60 of them. */
const batchLength = 1024;
/** Additions, at most, between one load and the next: weights of 130 bits give 45,000 for the most points. */
const mostSums = 50_000;

// Where things stand in memory, in bytes.
const [inverse, slope, square, product, factor] = [0, 1, 2, 3, 4].map((i) => freeAt + i * numberBytes) as [
  number,
  number,
  number,
  number,
  number,
];
const inversionAt = freeAt + 5 * numberBytes;
const prefixAt = inversionAt + 600 * 4 * instructionWords;
const programAt = prefixAt + (batchLength + 1) * numberBytes;
const inputAt = programAt + 7 * batchLength * 4 * instructionWords;
const sumsAt = inputAt + 2 * mostPoints * pointBytes;
const size = sumsAt + mostSums * pointBytes;

/**
 * Sums of affine points of BLS12-381's G1, many at once: their inversions are made as one.
 *
 * A point has an address. Addition of a point to itself or to its opposite is not known here: it is found out, and told.
 *
 * Cost: six multiplications in the field a sum, 1.1 µs. Memory: 7 MiB, kept.
 */
export class AffineSums {
  readonly #program: FieldProgram;
  readonly #invert: () => void;
  readonly #left: Int32Array = new Int32Array(batchLength);
  readonly #right: Int32Array = new Int32Array(batchLength);
  readonly #target: Int32Array = new Int32Array(batchLength);
  #batched = 0;
  #free = sumsAt;
  #failed = false;

  constructor() {
    this.#program = new FieldProgram(size, programAt);
    this.#program.put(prefixAt, radix % fieldOrder);
    this.#invert = this.#program.power(fieldOrder - 2n, inversionAt);
  }

  /**
   * Takes points in: 24 words each, x and y times 2^384, as mcl keeps points that are normalized. Forgets all others.
   *
   * @returns the address of the first; each is followed by its opposite
   */
  load(points: readonly Uint32Array[]): number {
    this.#free = sumsAt;
    this.#failed = false;
    const program = this.#program;
    // times 2^384, times this, divided by 2^392 in multiplication, is times 2^392
    program.put(factor, ((radix * radix) / wordForm) % fieldOrder);
    for (const [i, words] of points.entries()) {
      const at = inputAt + 2 * i * pointBytes;
      program.putWords(at, words, 0);
      program.putWords(at + numberBytes, words, 12);
      program.times(at, at, factor);
      program.times(at + numberBytes, at + numberBytes, factor);
      program.minus(at + pointBytes, at, zeroAt);
      program.minus(at + pointBytes + numberBytes, zeroAt, at + numberBytes);
      if (i % batchLength === batchLength - 1) program.run();
    }
    program.run();
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
    const program = this.#program;
    program.put(factor, wordForm % fieldOrder);
    program.times(slope, point, factor);
    program.times(square, point + numberBytes, factor);
    program.run();
    const words = new Uint32Array(24);
    program.getWords(slope, words, 0);
    program.getWords(square, words, 12);
    return words;
  }

  /** Plans a sum; it is there after `#flush`. */
  #add(left: number, right: number): number {
    if (this.#batched === batchLength) this.#flush();
    const target = this.#free;
    if (target + pointBytes > this.#program.size) {
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
    const program = this.#program;
    for (let i = 0; i < count; i++) {
      const before = prefixAt + i * numberBytes;
      program.instruct(multiply, before + numberBytes, before, this.#right[i] as number, this.#left[i] as number);
    }
    program.times(accumulator, prefixAt + count * numberBytes, oneAt);
    program.run();
    if (program.get(accumulator) === 0n) {
      this.#failed = true;
      return;
    }
    this.#invert();
    for (let i = count - 1; i >= 0; i--) {
      const [left, right, target] = [this.#left[i], this.#right[i], this.#target[i]] as [number, number, number];
      program.times(inverse, accumulator, prefixAt + i * numberBytes);
      program.instruct(multiply, accumulator, accumulator, right, left);
      program.instruct(multiply, slope, inverse, right + numberBytes, left + numberBytes);
      program.times(square, slope, slope);
      program.instruct(subtract, target, square, left, right);
      program.instruct(multiply, product, slope, left, target);
      program.minus(target + numberBytes, product, left + numberBytes);
    }
    program.run();
  }
}
