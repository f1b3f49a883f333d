/** Bits of a near span that are its length. What starts below 2^17 then is a small integer to V8, in browsers too. */
const lengthBits = 13;
const nearLength = 2 ** lengthBits;
const nearStart = 2 ** 17;

/** The CBOR of a value that lies far off: in other bytes than those of its leaf, or where no near span reaches. */
export class Far {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }
}

/**
 * Where the CBOR of a value lies. Nearly all are near: a number, start and length in the bytes of the leaf, so that a
 * leaf is one list of integers; the few that were set since the leaf was read are far.
 */
export type Span = number | Far;

/** The span of a value in the bytes of its leaf. */
export function spanIn(source: Uint8Array, start: number, end: number): Span {
  const length = end - start;
  return length < nearLength && start < nearStart ? (start << lengthBits) | length : new Far(source, start, end);
}

/** Start of a near span. */
export const startOf = (near: number): number => near >>> lengthBits;

/** End of a near span. */
export const endOf = (near: number): number => (near >>> lengthBits) + (near & (nearLength - 1));

/** Whether the value of a span in a leaf over `source` is the same bytes as that from `start` to `end` in others. */
export function isSame(span: Span, source: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  let its = source;
  let i: number;
  let stop: number;
  if (typeof span === "number") {
    i = startOf(span);
    stop = endOf(span);
  } else {
    its = span.bytes;
    i = span.start;
    stop = span.end;
  }
  if (stop - i !== end - start) return false;
  for (let j = start; j < end; i++, j++) if (its[i] !== bytes[j]) return false;
  return true;
}
