import { checkSignatures } from "@copse/crypto";
import { cidKey, runSync, type SyncBlockReader } from "@copse/ipld";
import { loadStateTree, powerTotals } from "@copse/state";
import type { BlockHeader, Network, Tipset } from "@copse/types";
import type { Mint } from "../../src/mint/index.ts";
import { beaconBelow, checkBeacons } from "../../src/validate/check-beacons.ts";
import { checkHeader } from "../../src/validate/check-header.ts";
import { checkLeaders } from "../../src/validate/check-leaders.ts";
import { checkBaseFee, checkMessages } from "../../src/validate/check-messages.ts";
import { checkParentWeight } from "../../src/validate/check-weight.ts";
import { stateAtHand } from "../../src/validate/leader-state.ts";
import type { BlockMessages } from "../../src/validate/read-messages.ts";
import { type BlockFault, type RuleChecks, settle } from "../../src/validate/verdict.ts";

/** A tipset and its messages. */
export type Full = { readonly tipset: Tipset; readonly messages: readonly BlockMessages[] };

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

/** Runs every check of this package over linked tipsets, oldest first, `base` below them, in one batch of signatures. */
export function verifyAll(
  mint: Mint,
  base: Full,
  run: readonly Full[],
  network: Network = mint.network,
): readonly BlockFault[] {
  const blocks = new Map(mint.genesis.state.map(([cid, bytes]) => [cidKey(cid), bytes]));
  const reader: SyncBlockReader = { getSync: (cid) => blocks.get(cidKey(cid)) };
  const root = (mint.genesis.tipset.blocks[0] as BlockHeader).parentStateRoot;
  const state = stateAtHand(runSync(loadStateTree(root), reader), 0, true); // the state never changes
  const totalPower = runSync(powerTotals(state.tree), reader).totalQualityAdjPower;
  const all: RuleChecks[] = [];
  let below = beaconBelow(base.tipset);
  let parent = base.tipset;
  let baseFee = checkMessages(network, base.tipset, base.messages).nextBaseFee;
  for (const { tipset, messages } of run) {
    for (const [i, header] of tipset.blocks.entries()) {
      const cid = tipset.cids[i];
      if (cid !== undefined) all.push({ faults: checkHeader(network, header, cid), checks: [], otherwise: [] });
    }
    const states = { lookback: state, leastPower: state, standing: state };
    all.push(runSync(checkLeaders(network, tipset, { base: parent, beacon: below.entry, states }), reader));
    const beacons = checkBeacons(network, [tipset], below);
    const checked = checkMessages(network, tipset, messages);
    all.push(beacons, checked, checkBaseFee(tipset, baseFee), checkParentWeight(tipset, parent, totalPower));
    below = beacons.last;
    parent = tipset;
    baseFee = checked.nextBaseFee;
  }
  const together: RuleChecks = {
    faults: all.flatMap(({ faults }) => faults),
    checks: all.flatMap(({ checks }) => checks),
    otherwise: all.flatMap(({ otherwise }) => otherwise),
  };
  return settle(together, checkSignatures(together.checks, { random }));
}
