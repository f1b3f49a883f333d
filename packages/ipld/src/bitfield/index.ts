export {
  containsAll,
  containsAny,
  cut,
  difference,
  intersection,
  set,
  slice,
  symmetricDifference,
  union,
  unionAll,
  unset,
} from "./algebra.ts";
export {
  type BitField,
  bits,
  boundedBits,
  count,
  empty,
  equals,
  first,
  fromBits,
  fromRuns,
  has,
  highestBit,
  isEmpty,
  last,
  nth,
  numbers,
  type Run,
  runs,
} from "./bit-field.ts";
export type { Edge } from "./edges.ts";
export { BitFieldError, type BitFieldFacts } from "./errors.ts";
export { fromLengths, toLengths } from "./lengths.ts";
export {
  bitFieldBytesCodec,
  bitFieldCodec,
  fromBytes,
  goBitFieldCodec,
  maxEncodedBytes,
  runsOfBytes,
  toBytes,
} from "./rle.ts";
export type { RleRules } from "./rle-reader.ts";
