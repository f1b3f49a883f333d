import { CopseError } from "@copse/primitives";

/** Facts of each code the functions on bit fields throw. */
export type BitFieldFacts = {
  "bitfield/version-unknown": { version: number };
  "bitfield/not-minimal": { bit: number; why: string };
  "bitfield/varint-malformed": { bit: number };
  "bitfield/overflow": { bit: number };
  "bitfield/too-large": { length: number; limit: number };
  "bitfield/bit-out-of-range": { bit: number | bigint; limit: bigint };
  "bitfield/run-malformed": { start: number | bigint; end: number | bigint };
  "bitfield/too-many": { count: bigint; limit: bigint };
  "bitfield/too-few": { count: bigint; needed: bigint };
};

const say: { [C in keyof BitFieldFacts]: (facts: BitFieldFacts[C]) => string } = {
  "bitfield/version-unknown": (f) => `RLE+ of version ${f.version}, known is 0`,
  "bitfield/not-minimal": (f) => `RLE+ at bit ${f.bit}: ${f.why}`,
  "bitfield/varint-malformed": (f) => `RLE+ at bit ${f.bit}: a length that is no minimal varint of 64 bits`,
  "bitfield/overflow": (f) => `RLE+ at bit ${f.bit}: the runs are longer than 2^64 - 1 bits together`,
  "bitfield/too-large": (f) => `a bit field of ${f.length} B, limit ${f.limit} B`,
  "bitfield/bit-out-of-range": (f) => `bit ${f.bit}, limits 0 and ${f.limit}`,
  "bitfield/run-malformed": (f) => `a run from ${f.start} to ${f.end}`,
  "bitfield/too-many": (f) => `${f.count} bits are set, limit ${f.limit}`,
  "bitfield/too-few": (f) => `${f.count} bits are set, ${f.needed} are needed`,
};

/** Bytes that are no bit field, or bits that one cannot hold. */
export class BitFieldError<C extends keyof BitFieldFacts = keyof BitFieldFacts> extends CopseError<
  C,
  BitFieldFacts[C]
> {
  override readonly name = "BitFieldError";
  constructor(code: C, facts: BitFieldFacts[C], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
