import type { CidBytes } from "../cid.ts";

/**
 * CIDs that were met: what a walk needs of a set. `CidSet` is one, in memory; `SpillingCidSet` another, which goes to
 * files beyond a limit.
 */
export interface SeenSet {
  /** How many CIDs it holds. */
  readonly size: number;
  /** Whether the CID that stands in `bytes` at `offset` is in it. By default all of `bytes` is the CID. */
  has(bytes: CidBytes, offset?: number, length?: number): boolean;
  /** Adds it; true when it is new. */
  add(bytes: CidBytes, offset?: number, length?: number): boolean;
}
