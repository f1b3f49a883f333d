import { appendRun, type BitField, countEdge, empty, fromBits } from "./bit-field.ts";
import { type Edge, edgeOf, minus, plus } from "./edges.ts";
import { BitFieldError } from "./errors.ts";

/** What becomes of a bit, by whether the first field has it (2) and the second (1). */
type Table = readonly [neither: 0, second: 0 | 1, first: 0 | 1, both: 0 | 1];

const inEither: Table = [0, 1, 1, 1];
const inBoth: Table = [0, 0, 0, 1];
const inFirstOnly: Table = [0, 0, 1, 0];
const inOneOnly: Table = [0, 1, 1, 0];

/** The bits of `a`, of `b`, and of both. Cost: the runs. */
export function union(a: BitField, b: BitField): BitField {
  return combine(inEither, a, b);
}

/** The bits that both have. Cost: the runs. */
export function intersection(a: BitField, b: BitField): BitField {
  return combine(inBoth, a, b);
}

/** The bits of `a` that `b` does not have. Cost: the runs. */
export function difference(a: BitField, b: BitField): BitField {
  return combine(inFirstOnly, a, b);
}

/** The bits that only one has. Cost: the runs. */
export function symmetricDifference(a: BitField, b: BitField): BitField {
  return combine(inOneOnly, a, b);
}

/** Goes along the edges of both; where what becomes of a bit turns, there is an edge. */
function combine(table: Table, a: BitField, b: BitField): BitField {
  const left = a.edges;
  const right = b.edges;
  if (left.length === 0) return table[1] === 1 ? b : empty;
  if (right.length === 0) return table[2] === 1 ? a : empty;
  const edges: Edge[] = [];
  let i = 0;
  let j = 0;
  let isSet: 0 | 1 = 0;
  while (i < left.length && j < right.length) {
    const atLeft = left[i] as Edge;
    const atRight = right[j] as Edge;
    const isLeft = atLeft <= atRight;
    const edge = isLeft ? atLeft : atRight;
    if (isLeft) i++;
    if (atRight <= atLeft) j++;
    const becomes = table[((i & 1) << 1) | (j & 1)] as 0 | 1;
    if (becomes === isSet) continue;
    isSet = becomes;
    edges.push(edge);
  }
  // the other field has ended, so what is left stays as it is or goes as a whole
  if (table[2] === 1) for (; i < left.length; i++) edges.push(left[i] as Edge);
  if (table[1] === 1) for (; j < right.length; j++) edges.push(right[j] as Edge);
  return { edges };
}

/**
 * The bits that any of many fields has.
 *
 * Cost: the runs of all, times the logarithm of how many fields there are.
 */
export function unionAll(fields: Iterable<BitField>): BitField {
  let round = [...fields];
  while (round.length > 1) {
    const next: BitField[] = [];
    for (let i = 0; i < round.length; i += 2) {
      const one = round[i] as BitField;
      const other = round[i + 1];
      next.push(other === undefined ? one : union(one, other));
    }
    round = next;
  }
  return round[0] ?? empty;
}

/** A field with more bits set. @throws {BitFieldError} `bitfield/bit-out-of-range` */
export function set(field: BitField, bits: Iterable<number | bigint>): BitField {
  return union(field, fromBits(bits));
}

/** A field with fewer bits set. @throws {BitFieldError} `bitfield/bit-out-of-range` */
export function unset(field: BitField, bits: Iterable<number | bigint>): BitField {
  return difference(field, fromBits(bits));
}

/** Whether `a` has every bit that `b` has. Cost: the runs, up to the first that it has not. */
export function containsAll(a: BitField, b: BitField): boolean {
  let i = 0;
  for (let j = 0; j < b.edges.length; j += 2) {
    const start = b.edges[j] as Edge;
    while (i < a.edges.length && (a.edges[i + 1] as Edge) <= start) i += 2;
    const from = a.edges[i];
    if (from === undefined || from > start || (a.edges[i + 1] as Edge) < (b.edges[j + 1] as Edge)) return false;
  }
  return true;
}

/** Whether `a` has any bit that `b` has. Cost: the runs, up to the first that it has. */
export function containsAny(a: BitField, b: BitField): boolean {
  let i = 0;
  let j = 0;
  while (i < a.edges.length && j < b.edges.length) {
    if ((a.edges[i + 1] as Edge) <= (b.edges[j] as Edge)) i += 2;
    else if ((b.edges[j + 1] as Edge) <= (a.edges[i] as Edge)) j += 2;
    else return true;
  }
  return false;
}

/**
 * Cuts the places of `b`'s bits out of `a`; what stands behind moves down.
 *
 * Cost: the runs.
 *
 * @see ref-fvm:ipld/bitfield/src/iter/combine.rs Cut, go-bitfield:bitfield.go CutBitField
 * @example
 * cut(fromBits([0, 1, 3, 4, 5, 8]), fromBits([1, 2, 4])) // the bits 0, 1, 2 and 5
 */
export function cut(a: BitField, b: BitField): BitField {
  const { edges: kept } = difference(a, b);
  const edges: Edge[] = [];
  let gone: Edge = 0;
  let j = 0;
  for (let i = 0; i < kept.length; i += 2) {
    const start = kept[i] as Edge;
    for (; j < b.edges.length && (b.edges[j] as Edge) < start; j += 2) {
      gone = plus(gone, minus(b.edges[j + 1] as Edge, b.edges[j] as Edge));
    }
    appendRun(edges, minus(start, gone), minus(kept[i + 1] as Edge, gone));
  }
  return { edges };
}

/**
 * Some of a field's bits: leaves `start` of them out, then takes `length`.
 *
 * Cost: the runs.
 *
 * @throws {BitFieldError} `bitfield/too-few` when it has not as many
 * @see ref-fvm:ipld/bitfield/src/lib.rs slice, go-bitfield:bitfield.go Slice
 * @example
 * slice(fromBits([0, 2, 3, 5, 6]), 2, 2) // the bits 3 and 5
 */
export function slice(field: BitField, start: number | bigint, length: number | bigint): BitField {
  let skip = edgeOf(start);
  let take = edgeOf(length);
  const edges: Edge[] = [];
  for (let i = 0; i < field.edges.length && take > 0; i += 2) {
    let from = field.edges[i] as Edge;
    let size = minus(field.edges[i + 1] as Edge, from);
    if (size <= skip) {
      skip = minus(skip, size);
      continue;
    }
    from = plus(from, skip);
    size = minus(size, skip);
    skip = 0;
    if (size > take) size = take;
    take = minus(take, size);
    edges.push(from, plus(from, size));
  }
  if (take > 0) {
    const needed = BigInt(start) + BigInt(length);
    throw new BitFieldError("bitfield/too-few", { count: BigInt(countEdge(field)), needed });
  }
  return { edges };
}
