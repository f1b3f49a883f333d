/** One drand chain as the rules see it; the networks of `@copse/types` carry these. */
export interface BeaconTiming {
  /** Seconds between rounds. */
  readonly period: number;
  /** Unix seconds of round 1. */
  readonly genesisTime: number;
}

/** The clock of a network. */
export interface EpochClock {
  /** Unix seconds of epoch 0. */
  readonly genesisTime: number;
  /** Seconds between epochs. */
  readonly blockDelay: number;
}

const roundsFixedAt = 16;

/**
 * The newest round a block of an epoch must carry: the one out when the epoch before it began.
 *
 * Until network version 15 the count was one low; version 16 (Skyr) put it right.
 *
 * @param networkVersion - of the epoch
 * @see lotus:chain/beacon/drand/drand.go MaxBeaconRoundForEpoch
 * @example
 * maxBeaconRoundForEpoch({ genesisTime: 1598306400, blockDelay: 30 }, { genesisTime: 1595873820, period: 30 }, 0, 1)
 * // => 81086
 */
export function maxBeaconRoundForEpoch(
  clock: EpochClock,
  beacon: BeaconTiming,
  networkVersion: number,
  epoch: number,
): number {
  const time = clock.genesisTime + epoch * clock.blockDelay - clock.blockDelay;
  const elapsed = Math.floor((time - beacon.genesisTime) / beacon.period);
  if (networkVersion < roundsFixedAt) return elapsed;
  return time < beacon.genesisTime ? 1 : elapsed + 1;
}
