import type { TipsetRef } from "./span.ts";

/** The chosen head of the chain, with its weight. */
export interface Head extends TipsetRef {
  readonly weight: bigint;
}

/** A move of the head: plain data. */
export interface HeadChange {
  readonly from: Head | undefined;
  readonly to: Head;
  /** Tipsets that left the chain below the old head, newest first. */
  readonly revert: readonly TipsetRef[];
  /** Tipsets that joined it up to the new head, oldest first. */
  readonly apply: readonly TipsetRef[];
  /** True where tipsets between the two heads are left out of `apply`: there is no old head, or it is too far below. */
  readonly gap: boolean;
}
