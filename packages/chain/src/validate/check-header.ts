import { Address, type BlockHeader, type Network } from "@copse/types";
import type { CID } from "multiformats/cid";
import {
  chainFinality,
  epochAt,
  isFromFuture,
  isInConsensusRange,
  maxHeightDrift,
  timestampAt,
} from "../rules/timing.ts";
import { maxWinCount } from "../rules/win-count.ts";
import { cidText } from "./block-text.ts";
import { type BlockFault, fault } from "./verdict.ts";

/** What a header by itself is checked against. */
export interface HeaderContext {
  /** Unix seconds; absent: nothing is said of the clock. */
  readonly now?: number | undefined;
  /** Height of our own head; absent: any height will do. */
  readonly headHeight?: number | undefined;
}

/**
 * Checks one header without its parents: no field missing that only genesis may lack, an ID miner, wins, its time, and
 * where asked the clock and the range worth looking at.
 *
 * @see lotus:chain/consensus/filcns/filecoin.go blockSanityChecks, IsEpochInConsensusRange
 * @example
 * verdictOf(checkHeader(mainnet, header, cid, { now: 1_800_000_000 })) // => { kind: "ok" }
 */
export function checkHeader(
  network: Network,
  header: BlockHeader,
  cid: CID,
  { now, headHeight }: HeaderContext = {},
): readonly BlockFault[] {
  const { height, timestamp, electionProof, ticket, blockSig, blsAggregate } = header;
  const at = { block: cidText(cid), height };
  const faults: BlockFault[] = [];
  for (const [field, value] of Object.entries({ electionProof, ticket, blockSig, blsAggregate })) {
    if (value === null) faults.push(fault("invalid", "block/field-missing", { ...at, field }));
  }
  if (Address.protocol(header.miner) !== 0) {
    faults.push(fault("invalid", "block/miner-not-id", { ...at, miner: Address.format(header.miner) }));
  }
  const wins = electionProof?.winCount ?? 1;
  if (wins < 1 || wins > maxWinCount) {
    faults.push(fault("invalid", "block/not-a-winner", { ...at, found: wins, limit: maxWinCount }));
  }
  const expected = timestampAt(network, height);
  if (timestamp !== expected) {
    faults.push(fault("invalid", "block/timestamp-wrong", { ...at, found: timestamp, expected }));
  }
  if (now === undefined) return faults;
  if (isFromFuture(timestamp, now)) {
    faults.push(fault("wait", "block/from-future", { ...at, found: timestamp, now }));
  }
  if (headHeight !== undefined && !isInConsensusRange(network, height, headHeight, now)) {
    const lowest = headHeight - chainFinality;
    faults.push(
      fault("wait", "block/out-of-range", { ...at, lowest, highest: epochAt(network, now) + maxHeightDrift }),
    );
  }
  return faults;
}
