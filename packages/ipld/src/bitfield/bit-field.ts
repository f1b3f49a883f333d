import { type Edge, edgeOf, minus, plus } from "./edges.ts";
import { BitFieldError } from "./errors.ts";

/**
 * A set of bits, kept as its runs: plain data, never changed.
 *
 * Shape: where runs of set bits begin and end, in turn, rising; runs do not touch. An end is the first bit that is not
 * set. Bound: bits up to 2^64 - 2, as the reference has it, so that each count and length fits 64 bits.
 *
 * @see ref-fvm:ipld/bitfield/src/lib.rs, go-bitfield:bitfield.go
 */
export interface BitField {
  readonly edges: readonly Edge[];
}

/** Bits that are set one after another: from `start` on, up to but not including `end`. */
export interface Run {
  readonly start: bigint;
  readonly end: bigint;
}

/** The highest bit that a field can hold. */
export const highestBit: bigint = 2n ** 64n - 2n;

/** The field without a bit. */
export const empty: BitField = { edges: [] };

/**
 * The field of bits in any order, which may repeat.
 *
 * Cost: a sort, unless they rise.
 *
 * @throws {BitFieldError} `bitfield/bit-out-of-range`
 * @example
 * fromBits([1, 2, 3, 7n]) // => { edges: [1, 4, 7, 8] }
 */
export function fromBits(bits: Iterable<number | bigint>): BitField {
  const sorted: Edge[] = [];
  let isRising = true;
  for (const bit of bits) {
    assertBit(bit);
    const edge = edgeOf(bit);
    if (sorted.length > 0 && edge < (sorted[sorted.length - 1] as Edge)) isRising = false;
    sorted.push(edge);
  }
  if (!isRising) sorted.sort(byOrder);
  const edges: Edge[] = [];
  for (const bit of sorted) {
    const end = edges[edges.length - 1];
    if (end === undefined || bit > end) edges.push(bit, plus(bit, 1));
    else if (bit === end) edges[edges.length - 1] = plus(bit, 1);
  }
  return { edges };
}

/**
 * The field of runs in any order, which may overlap. An empty run adds nothing.
 *
 * @throws {BitFieldError} `bitfield/bit-out-of-range`, `bitfield/run-malformed` when a run ends before it starts
 * @example
 * fromRuns([{ start: 0, end: 2n ** 63n }]) // every bit below 2^63
 */
export function fromRuns(runs: Iterable<{ readonly start: number | bigint; readonly end: number | bigint }>): BitField {
  const pairs: (readonly [Edge, Edge])[] = [];
  for (const { start, end } of runs) {
    if (start > end) throw new BitFieldError("bitfield/run-malformed", { start, end });
    if (start >= end) continue;
    assertBit(start);
    assertBit(typeof end === "bigint" ? end - 1n : end - 1);
    pairs.push([edgeOf(start), edgeOf(end)]);
  }
  pairs.sort(([a], [b]) => byOrder(a, b));
  const edges: Edge[] = [];
  for (const [start, end] of pairs) appendRun(edges, start, end);
  return { edges };
}

/** Adds a run that does not begin before the last one did. */
export function appendRun(edges: Edge[], start: Edge, end: Edge): void {
  const last = edges[edges.length - 1];
  if (last === undefined || start > last) edges.push(start, end);
  else if (end > last) edges[edges.length - 1] = end;
}

function byOrder(a: Edge, b: Edge): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Refuses what is no bit of a field. @throws {BitFieldError} `bitfield/bit-out-of-range` */
export function assertBit(bit: number | bigint): void {
  const isBit = typeof bit === "bigint" ? bit >= 0n && bit <= highestBit : Number.isSafeInteger(bit) && bit >= 0;
  if (!isBit) throw new BitFieldError("bitfield/bit-out-of-range", { bit, limit: highestBit });
}

/** Whether no bit is set. */
export function isEmpty(field: BitField): boolean {
  return field.edges.length === 0;
}

/** Whether two fields have the same bits. */
export function equals(a: BitField, b: BitField): boolean {
  return a.edges.length === b.edges.length && a.edges.every((edge, i) => edge === b.edges[i]);
}

/**
 * Whether a bit is set. What is no bit is not.
 *
 * Cost: a search among the runs.
 */
export function has(field: BitField, bit: number | bigint): boolean {
  return (edgesUpTo(field.edges, bit) & 1) === 1;
}

/** How many edges are not past a bit. */
function edgesUpTo(edges: readonly Edge[], bit: number | bigint): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((edges[middle] as Edge) <= bit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many bits are set. Cost: the runs. */
export function count(field: BitField): bigint {
  return BigInt(countEdge(field));
}

/** {@link count} as an edge. */
export function countEdge({ edges }: BitField): Edge {
  let sum: Edge = 0;
  for (let i = 0; i < edges.length; i += 2) sum = plus(sum, minus(edges[i + 1] as Edge, edges[i] as Edge));
  return sum;
}

/** The lowest bit that is set. */
export function first({ edges }: BitField): bigint | undefined {
  return edges.length === 0 ? undefined : BigInt(edges[0] as Edge);
}

/** The highest bit that is set. */
export function last({ edges }: BitField): bigint | undefined {
  return edges.length === 0 ? undefined : BigInt(edges[edges.length - 1] as Edge) - 1n;
}

/**
 * The bit that has `n` set bits below it.
 *
 * Cost: the runs.
 *
 * @example
 * nth(fromBits([5, 9]), 1) // => 9n
 */
export function nth({ edges }: BitField, n: number | bigint): bigint | undefined {
  if (n < 0) return undefined;
  let left = edgeOf(n);
  for (let i = 0; i < edges.length; i += 2) {
    const start = edges[i] as Edge;
    const length = minus(edges[i + 1] as Edge, start);
    if (left < length) return BigInt(plus(start, left));
    left = minus(left, length);
  }
  return undefined;
}

/**
 * The runs, rising.
 *
 * @example
 * [...runs(fromBits([1, 2, 7]))] // => [{ start: 1n, end: 3n }, { start: 7n, end: 8n }]
 */
export function* runs({ edges }: BitField): Generator<Run, void> {
  for (let i = 0; i < edges.length; i += 2) {
    yield { start: BigInt(edges[i] as Edge), end: BigInt(edges[i + 1] as Edge) };
  }
}

/**
 * The bits that are set, rising, from `from` on. A field may have 2^64: bound what is taken, or see {@link boundedBits}.
 *
 * @example
 * [...bits(fromBits([7, 1]))] // => [1n, 7n]
 */
export function* bits({ edges }: BitField, from: number | bigint = 0): Generator<bigint, void> {
  let at = edgesUpTo(edges, from);
  if ((at & 1) === 1) {
    const end = BigInt(edges[at] as Edge);
    for (let bit = BigInt(from); bit < end; bit++) yield bit;
    at++;
  }
  for (; at < edges.length; at += 2) {
    const end = BigInt(edges[at + 1] as Edge);
    for (let bit = BigInt(edges[at] as Edge); bit < end; bit++) yield bit;
  }
}

/**
 * The bits that are set, rising, as numbers.
 *
 * @throws {BitFieldError} `bitfield/bit-out-of-range` at the first bit past 2^53 - 1
 */
export function* numbers({ edges }: BitField): Generator<number, void> {
  const limit = Number.MAX_SAFE_INTEGER;
  for (let i = 0; i < edges.length; i += 2) {
    const start = edges[i] as Edge;
    const end = edges[i + 1] as Edge;
    const stop = typeof end === "number" ? end : limit + 1;
    if (typeof start === "number") for (let bit = start; bit < stop; bit++) yield bit;
    if (typeof end === "number") continue;
    throw new BitFieldError("bitfield/bit-out-of-range", {
      bit: typeof start === "number" ? BigInt(limit) + 1n : start,
      limit: BigInt(limit),
    });
  }
}

/**
 * The bits that are set, rising, when they are no more than `limit`.
 *
 * @throws {BitFieldError} `bitfield/too-many`, before any bit is made
 * @see ref-fvm:ipld/bitfield/src/lib.rs bounded_iter, go-bitfield:bitfield.go All
 */
export function boundedBits(field: BitField, limit: number | bigint): Generator<bigint, void> {
  const set = count(field);
  if (set > limit) throw new BitFieldError("bitfield/too-many", { count: set, limit: BigInt(limit) });
  return bits(field);
}
