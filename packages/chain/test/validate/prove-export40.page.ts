import { checkSignatures, useEngine } from "@copse/crypto";
import { wasmEngine } from "@copse/crypto/wasm";
import { runSync } from "@copse/ipld";
import { loadStateTree, powerTotals } from "@copse/state";
import { type BlockHeader, encodeBlockHeader, mainnet, type Tipset } from "@copse/types";
import { beaconBelow, checkBeacons } from "../../src/validate/check-beacons.ts";
import { checkHeader } from "../../src/validate/check-header.ts";
import { checkLeaders } from "../../src/validate/check-leaders.ts";
import { checkBaseFee, checkMessages } from "../../src/validate/check-messages.ts";
import { checkParentWeight } from "../../src/validate/check-weight.ts";
import { stateAtHand } from "../../src/validate/leader-state.ts";
import { type RuleChecks, settle } from "../../src/validate/verdict.ts";
import { readExport40 } from "../export40.ts";

/** Proves in a page what the file can prove, and counts it. */
export default async ({ car }: { readonly car: string }): Promise<Readonly<Record<string, unknown>>> => {
  useEngine(await wasmEngine());
  const file = new Uint8Array(await (await fetch(car)).arrayBuffer());
  const { tipsets, messages, reader } = readExport40(file); // every block is checked against its CID
  const [genesis, ...above] = tipsets as [Tipset, ...Tipset[]];
  const tree = runSync(loadStateTree((genesis.blocks[0] as BlockHeader).parentStateRoot), reader);
  const lookback = stateAtHand(tree, 0, false);
  const { totalQualityAdjPower } = runSync(powerTotals(tree), reader);
  const all: RuleChecks[] = [];
  const beacons = checkBeacons(mainnet, above, beaconBelow(genesis));
  all.push(beacons);
  const counts = { messageRoots: 0, blsAggregates: 0, blsMessages: 0, secpSignatures: 0, leaders: 0 };
  let base = genesis;
  let below = beaconBelow(genesis);
  let baseFee: bigint | undefined;
  for (const [i, tipset] of tipsets.entries()) {
    const checked = checkMessages(mainnet, tipset, messages[i] ?? []);
    all.push(checked);
    counts.messageRoots += checked.messageRoots;
    counts.blsAggregates += checked.counts.blsAggregates;
    counts.blsMessages += checked.counts.blsMessages;
    counts.secpSignatures += checked.counts.secpSignatures;
    if (baseFee !== undefined) {
      all.push(checkBaseFee(tipset, baseFee), checkParentWeight(tipset, base, totalQualityAdjPower));
      const context = { base, beacon: below.entry, states: { lookback } };
      const leaders = runSync(checkLeaders(mainnet, tipset, context), reader);
      all.push(leaders);
      counts.leaders += leaders.leaders.length;
      for (const [at, header] of tipset.blocks.entries()) {
        const cid = tipset.cids[at];
        if (cid !== undefined) all.push({ faults: checkHeader(mainnet, header, cid), checks: [], otherwise: [] });
      }
      below = beaconBelow(tipset, below);
      base = tipset;
    }
    baseFee = checked.nextBaseFee;
  }
  const checks = all.flatMap((one) => one.checks);
  const results = checkSignatures(checks, { random: (length) => crypto.getRandomValues(new Uint8Array(length)) });
  const together = { faults: all.flatMap((one) => one.faults), checks, otherwise: all.flatMap((one) => one.otherwise) };
  return {
    genesis: `${genesis.cids[0]}`,
    head: base.height,
    tipsets: tipsets.length,
    headers: tipsets.flatMap(({ blocks }) => blocks.map(encodeBlockHeader)).length,
    beacons: beacons.entries,
    acceptedBeacons: beacons.accepted,
    ...counts,
    faults: settle(together, results).map(({ code }) => code),
  };
};
