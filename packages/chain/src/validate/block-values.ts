import { type BeaconEntry, type BlockHeader, drandAt, type Network, networkVersion } from "@copse/types";
import { maxBeaconRoundForEpoch } from "../rules/beacon-rounds.ts";

/** The reference looks this many tipsets back for the newest entry, and then gives up. */
export const beaconSearchDepth = 20;

/** What a tipset must know of those below it. */
export interface BeaconBelow {
  /** Height of the parent tipset. */
  readonly height: number;
  /** The newest entry in the parent tipset or below. */
  readonly entry: BeaconEntry;
  /** How many tipsets below the parent it stands: 0 in the parent itself. */
  readonly age: number;
}

/** A broken rule, still without its block. */
export type BrokenValues =
  | { readonly code: "block/beacon-not-found"; readonly facts: { readonly searched: number } }
  | { readonly code: "block/beacon-count-wrong"; readonly facts: { readonly found: number; readonly expected: string } }
  | {
      readonly code: "block/beacon-round-wrong";
      readonly facts: { readonly index: number; readonly found: number; readonly expected: number };
    };

/** What the rule says of a header: broken, or which entries remain to be verified. */
export type BlockValues =
  | { readonly broken: BrokenValues }
  | {
      readonly broken?: undefined;
      /** Entries, each with the one before it. */
      readonly verify: readonly (readonly [entry: BeaconEntry, previous: BeaconEntry])[];
      /** Entries taken without. */
      readonly accepted: number;
    };

/**
 * The rule on a header's beacon entries: how many, of which rounds, and which are to be verified against what.
 *
 * @see lotus:chain/beacon/beacon.go ValidateBlockValues
 * @example
 * blockValues(mainnet, header, below) // => { verify: [[entry, below.entry]], accepted: 0 }
 */
export function blockValues(network: Network, header: BlockHeader, below: BeaconBelow): BlockValues {
  const { height, beaconEntries: entries } = header;
  if (below.age >= beaconSearchDepth) {
    return { broken: { code: "block/beacon-not-found", facts: { searched: beaconSearchDepth } } };
  }
  const beacon = drandAt(network, height).beacon;
  const chained = beacon.scheme === "chained";
  if (chained && drandAt(network, below.height).beacon.hash !== beacon.hash) {
    const [before, entry] = entries;
    if (before === undefined || entry === undefined || entries.length !== 2) {
      return wrongCount(entries, "2 where the beacon changes");
    }
    return { verify: [[entry, before]], accepted: 1 }; // the older one only lends its signature
  }
  const version = networkVersion(network, height);
  const newest = maxBeaconRoundForEpoch(network, beacon, version, height);
  if (newest === below.entry.round) {
    return entries.length === 0 ? { verify: [], accepted: 0 } : wrongCount(entries, "none: the parents have the round");
  }
  const last = entries.at(-1);
  if (last === undefined) return wrongCount(entries, "at least 1");
  // The first block above a genesis has no round to chain to.
  if (chained && below.entry.round === 0) return { verify: [], accepted: entries.length };
  if (last.round !== newest) return wrongRound(entries.length - 1, last, newest);
  for (const [i, entry] of entries.entries()) {
    // Unchained: one entry per epoch since the parents, null rounds included. Chained: every round since theirs; the
    // reference leaves that to the signatures, which no other round could have. Either way a header can not make us
    // verify more than its place in the chain allows.
    const expected = chained
      ? below.entry.round + 1 + i
      : maxBeaconRoundForEpoch(network, beacon, version, below.height + 1 + i);
    if (entry.round !== expected) return wrongRound(i, entry, expected);
  }
  return { verify: entries.map((entry, i) => [entry, entries[i - 1] ?? below.entry]), accepted: 0 };
}

function wrongCount(entries: readonly BeaconEntry[], expected: string): BlockValues {
  return { broken: { code: "block/beacon-count-wrong", facts: { found: entries.length, expected } } };
}

function wrongRound(index: number, entry: BeaconEntry, expected: number): BlockValues {
  return { broken: { code: "block/beacon-round-wrong", facts: { index, found: entry.round, expected } } };
}
