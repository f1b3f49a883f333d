import { blake2b256 } from "@copse/crypto";
import { type CidBytes, fromCid } from "@copse/ipld";
import { type BeaconEntry, drandAt, type Network, networkVersion, type Tipset, TipsetKey } from "@copse/types";
import { ChainError } from "../errors.ts";
import { maxBeaconRoundForEpoch } from "../rules/beacon-rounds.ts";
import { type ChainView, lookUpTipset } from "./chain-view.ts";

/** Tipsets searched for a beacon's round: where epochs are shorter than rounds it stands further down. */
const beaconSearch = 20;

/**
 * Randomness of the chain at an epoch: the hash of the ticket there. 32 B.
 *
 * @throws {ChainError} `chain/lookback-out-of-range`
 * @see lotus:chain/rand/rand.go GetChainRandomness (since network version 13)
 */
export function chainRandomness(view: ChainView, epoch: number): Uint8Array {
  const { blocks } = lookUpTipset(view, Math.max(epoch, 0), "above");
  return blake2b256(blocks[0]?.ticket?.vrfProof ?? new Uint8Array(0));
}

/**
 * Randomness of the beacon at an epoch: the hash of the entry that its blocks had to carry. 32 B.
 *
 * @throws {ChainError} `chain/lookback-out-of-range`
 * @see lotus:chain/rand/rand.go GetBeaconRandomness (since network version 14)
 */
export function beaconRandomness(network: Network, view: ChainView, epoch: number): Uint8Array {
  const entry = epoch < 0 ? latestEntry(view) : entryOf(network, view, epoch);
  if (entry !== undefined) return blake2b256(entry.signature);
  const head = view.head.height;
  throw new ChainError("chain/lookback-out-of-range", { epoch, head, why: "no beacon entry is found" });
}

function entryOf(network: Network, view: ChainView, epoch: number): BeaconEntry | undefined {
  const { beacon } = drandAt(network, epoch);
  const round = maxBeaconRoundForEpoch(network, beacon, networkVersion(network, epoch), epoch);
  let tipset: Tipset | undefined = lookUpTipset(view, epoch, "above");
  for (let i = 0; i < beaconSearch && tipset !== undefined; i++) {
    const found = tipset.blocks[0]?.beaconEntries.find((entry) => entry.round === round);
    if (found !== undefined) return found;
    tipset = view.parentsOf(tipset);
  }
  return undefined;
}

// Below genesis: the last entry of the genesis block.
function latestEntry(view: ChainView): BeaconEntry | undefined {
  return lookUpTipset(view, 0, "above").blocks[0]?.beaconEntries.at(-1);
}

/**
 * The CID of the tipset of an epoch below the one executed: the one before it for a null round.
 *
 * @throws {ChainError} `chain/lookback-out-of-range`
 * @see lotus:chain/vm/fvm.go TipsetCid
 */
export function tipsetCid(view: ChainView, epoch: number): CidBytes {
  return fromCid(TipsetKey.cid(lookUpTipset(view, epoch, "below").key));
}
