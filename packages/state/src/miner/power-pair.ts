import type { Codec } from "@copse/ipld";
import { bigIntField } from "../field-codecs.ts";
import { struct } from "../struct.ts";

/** Power of sectors. Unit: bytes. */
export interface PowerPair {
  readonly raw: bigint;
  readonly qualityAdj: bigint;
}

/** How miners hold power. Shape: `[raw, qualityAdj]`. */
export const powerPairCodec: Codec<PowerPair> = struct<PowerPair>("power pair", {
  raw: bigIntField,
  qualityAdj: bigIntField,
});
