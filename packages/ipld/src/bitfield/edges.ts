/**
 * Where a run begins or ends: a `number` up to 2^53 - 1 and a `bigint` past it, so that the bits that occur cost no
 * big integers. The two kinds compare with one another; they are added and subtracted here.
 */
export type Edge = number | bigint;

const largestNumber = Number.MAX_SAFE_INTEGER;

/** The edge of an integer. */
export function edgeOf(value: number | bigint): Edge {
  return typeof value === "bigint" && value <= largestNumber ? Number(value) : value;
}

/** Sum of two edges. */
export function plus(a: Edge, b: Edge): Edge {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (sum <= largestNumber) return sum;
  }
  return BigInt(a) + BigInt(b);
}

/** What lies between two edges, the first one not below the second. */
export function minus(a: Edge, b: Edge): Edge {
  return typeof a === "number" && typeof b === "number" ? a - b : edgeOf(BigInt(a) - BigInt(b));
}
