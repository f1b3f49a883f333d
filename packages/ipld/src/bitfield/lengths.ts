import type { BitField } from "./bit-field.ts";
import { type Edge, edgeOf, minus, plus } from "./edges.ts";
import { BitFieldError } from "./errors.ts";

const maxEdge = 2n ** 64n - 1n;

/**
 * The lengths of a field's runs, that of unset bits first: as Lotus and the Rust crate write a field in JSON. The empty
 * field is `[0]`.
 *
 * @see go-bitfield:rle/rleplus.go MarshalJSON
 * @example
 * toLengths(fromBits([0, 1, 2, 8, 9])) // => [0n, 3n, 5n, 2n]
 */
export function toLengths({ edges }: BitField): bigint[] {
  const lengths: bigint[] = [];
  let at: Edge = 0;
  for (const edge of edges) {
    lengths.push(BigInt(minus(edge, at)));
    at = edge;
  }
  return lengths.length === 0 ? [0n] : lengths;
}

/**
 * The field of lengths of runs, that of unset bits first.
 *
 * @throws {BitFieldError} `bitfield/bit-out-of-range`; `bitfield/run-malformed` at a length of 0 that is not the first
 * @see go-bitfield:rle/rleplus.go UnmarshalJSON
 */
export function fromLengths(lengths: Iterable<number | bigint>): BitField {
  const edges: Edge[] = [];
  let at: Edge = 0;
  let i = 0;
  for (const length of lengths) {
    if (length === 0 || length === 0n) {
      if (i > 0) throw new BitFieldError("bitfield/run-malformed", { start: at, end: at });
    } else {
      const isLength = typeof length === "bigint" ? length > 0n : Number.isSafeInteger(length) && length > 0;
      const end: Edge = isLength ? plus(at, edgeOf(length)) : -1;
      if (end < 0 || end > maxEdge) {
        throw new BitFieldError("bitfield/bit-out-of-range", { bit: isLength ? end : length, limit: maxEdge - 1n });
      }
      if (i % 2 === 1) edges.push(at, end);
      at = end;
    }
    i++;
  }
  return { edges };
}
