import type { Codec } from "@copse/ipld";
import { numberField, uintField } from "../field-codecs.ts";
import { type Fields, struct } from "../struct.ts";

/** What became of a deal, once it has been activated. */
export interface DealState {
  /** The sector that holds it, since actors v13; 0 of deals that ended before. */
  readonly sectorNumber: bigint | undefined;
  /** When it was activated. */
  readonly sectorStartEpoch: number;
  /** When it was last paid for; -1: not yet. */
  readonly lastUpdatedEpoch: number;
  /** When its sector was terminated; -1: it was not. */
  readonly slashEpoch: number;
  /** Its claim in the verified registry, 0 for none; in actors v9 to v12. */
  readonly verifiedClaim: bigint | undefined;
}

const fields: Fields<DealState> = {
  sectorNumber: uintField,
  sectorStartEpoch: numberField,
  lastUpdatedEpoch: numberField,
  slashEpoch: numberField,
  verifiedClaim: uintField,
};

/**
 * How the market of actors v8 to v12 holds the states of deals. Shape: `[sectorStart, lastUpdated, slash]`; v9 adds the
 * claim.
 *
 * @see builtin-actors:v9.0.3 actors/market/src/deal.rs DealState
 */
export const dealStateCodecV8: Codec<DealState> = struct("deal state", fields, [
  { actors: 8, lacks: ["sectorNumber", "verifiedClaim"] },
  { actors: 9, lacks: ["sectorNumber"] },
]);

/**
 * How the market holds the states of deals since actors v13. Shape: `[sector, sectorStart, lastUpdated, slash]`, of as
 * many fields as the form before, so that only the market's own state tells which it is.
 *
 * @see builtin-actors:actors/market/src/deal.rs DealState
 */
export const dealStateCodecV13: Codec<DealState> = struct("deal state", fields, [
  { actors: 13, lacks: ["verifiedClaim"] },
]);
