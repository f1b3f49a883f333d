import type { EpochClock } from "./beacon-rounds.ts";

/** Unit: seconds. A block may be this far ahead of our clock. */
export const allowableClockDrift = 1;
/** Unit: epochs. Tipsets this far below the head are final: no block below is looked at. */
export const chainFinality = 900;
/** Unit: epochs. Blocks above the clock's epoch by more than this are dropped at once. */
export const maxHeightDrift = 5;

/**
 * The timestamp a block must carry: one delay per epoch since genesis. Equal to the reference's rule (parents' timestamp
 * plus the epochs between) by induction from genesis.
 *
 * Unit: Unix seconds.
 *
 * @see lotus:chain/consensus/filcns/filecoin.go ValidateBlock
 * @example
 * timestampAt({ genesisTime: 1598306400, blockDelay: 30 }, 1) // => 1598306430
 */
export function timestampAt(clock: EpochClock, height: number): number {
  return clock.genesisTime + clock.blockDelay * height;
}

/**
 * The epoch a moment belongs to; negative before genesis.
 *
 * @param now - Unix seconds
 * @example
 * epochAt({ genesisTime: 1598306400, blockDelay: 30 }, 1598306459) // => 1
 */
export function epochAt(clock: EpochClock, now: number): number {
  return Math.floor((now - clock.genesisTime) / clock.blockDelay);
}

/**
 * Tells whether a block is from the future: a temporal error, not a bad block.
 *
 * @param now - Unix seconds
 * @see lotus:chain/consensus/filcns/filecoin.go ValidateBlock, build/buildconstants AllowableClockDriftSecs
 */
export function isFromFuture(timestamp: number, now: number): boolean {
  return timestamp > Math.floor(now) + allowableClockDrift;
}

/**
 * Tells whether a height is worth looking at: not final already, and not far in the future.
 *
 * @param headHeight - of our own heaviest tipset
 * @param now - Unix seconds
 * @see lotus:chain/consensus/filcns/filecoin.go IsEpochInConsensusRange
 */
export function isInConsensusRange(clock: EpochClock, height: number, headHeight: number, now: number): boolean {
  return height >= headHeight - chainFinality && height <= epochAt(clock, now) + maxHeightDrift;
}
