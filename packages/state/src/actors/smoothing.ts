import type { Codec } from "@copse/ipld";
import { bigIntField } from "../field-codecs.ts";
import { struct } from "../struct.ts";

/** An estimate of a value that changes from epoch to epoch. Unit: 2^-128 of the value's, and of that for each epoch. */
export interface FilterEstimate {
  readonly position: bigint;
  readonly velocity: bigint;
}

/**
 * How actors hold estimates. Shape: `[position, velocity]`.
 *
 * @see builtin-actors:runtime/src/util/smooth/
 */
export const filterEstimateCodec: Codec<FilterEstimate> = struct<FilterEstimate>("filter estimate", {
  position: bigIntField,
  velocity: bigIntField,
});
