import { checkSignatures } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { runSync } from "@copse/ipld";
import { loadStateTree, powerTotals } from "@copse/state";
import { describeData, readData } from "@copse/testkit";
import { mainnet, type Tipset } from "@copse/types";
import { beforeAll, expect, it } from "vitest";
import { lookbackFor } from "../../src/rules/lookback.ts";
import { inferLog2Power } from "../../src/rules/weight.ts";
import { beaconBelow, checkBeacons } from "../../src/validate/check-beacons.ts";
import { type CheckedLeader, checkLeaders } from "../../src/validate/check-leaders.ts";
import { checkBaseFee, checkMessages } from "../../src/validate/check-messages.ts";
import { checkParentWeight } from "../../src/validate/check-weight.ts";
import { asExact, type StateAtHand, stateAtHand } from "../../src/validate/leader-state.ts";
import { type RuleChecks, settle } from "../../src/validate/verdict.ts";
import { type Export40, export40, readExport40 } from "../export40.ts";

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const settled = (checked: RuleChecks) => settle(checked, checkSignatures(checked.checks, { random }));

// The table of chain-and-network.md section 8.1, row by row.
describeData("mainnet's first forty epochs", [export40], () => {
  let chain: Export40;
  beforeAll(async () => {
    await installFastest();
    chain = readExport40(readData(export40));
  });

  it("33 tipsets, 49 headers, 32 links", () => {
    const { tipsets } = chain;
    expect(tipsets).toHaveLength(33);
    expect(tipsets.flatMap((tipset) => tipset.blocks)).toHaveLength(49);
    for (const [i, tipset] of tipsets.entries()) {
      if (i > 0) expect(tipset.parents).toEqual(tipsets[i - 1]?.key);
    }
  });

  it("38 beacons verified, the first accepted by rule", () => {
    const [genesis, ...above] = chain.tipsets as [Export40["tipsets"][0]];
    const checked = checkBeacons(mainnet, above, beaconBelow(genesis));
    expect(settled(checked)).toEqual([]);
    expect(checked.entries).toBe(38);
    expect(checked.accepted).toBe(1);
  });

  it("49 message roots, 48 base fees, 14 aggregates over 73 messages, 512 signatures", () => {
    const sum = { messageRoots: 0, baseFees: 0, blsAggregates: 0, blsMessages: 0, secpSignatures: 0 };
    let baseFee: bigint | undefined;
    for (const [i, tipset] of chain.tipsets.entries()) {
      if (baseFee !== undefined) {
        expect(checkBaseFee(tipset, baseFee).faults).toEqual([]);
        sum.baseFees += tipset.blocks.length;
      }
      const checked = checkMessages(mainnet, tipset, chain.messages[i] ?? []);
      expect(settled(checked)).toEqual([]);
      baseFee = checked.nextBaseFee;
      sum.messageRoots += checked.messageRoots;
      sum.blsAggregates += checked.counts.blsAggregates;
      sum.blsMessages += checked.counts.blsMessages;
      sum.secpSignatures += checked.counts.secpSignatures;
    }
    expect(sum).toEqual({ messageRoots: 49, baseFees: 48, blsAggregates: 14, blsMessages: 73, secpSignatures: 512 });
  });

  it("32 links solve to L = 49", () => {
    const solved = chain.tipsets.slice(1).map((child, i) => {
      const parent = chain.tipsets[i] as Export40["tipsets"][0];
      const wins = parent.blocks.reduce((sum, block) => sum + (block.electionProof?.winCount ?? 0), 0);
      return inferLog2Power((child.blocks[0]?.parentWeight ?? 0n) - (parent.blocks[0]?.parentWeight ?? 0n), wins);
    });
    expect(solved).toEqual(new Array(32).fill(49));
  });

  it("48 leaders and weights by the states that the file has, each said to be exact or older", () => {
    const [genesis, ...above] = chain.tipsets as [Tipset];
    const { reader } = chain;
    const stateOf = (named: Tipset | undefined): StateAtHand | undefined => {
      const root = named?.blocks[0]?.parentStateRoot;
      if (named === undefined || root === undefined || reader.getSync(root.bytes) === undefined) return undefined;
      return stateAtHand(runSync(loadStateTree(root), reader), named.height, true);
    };
    const older = asExact(stateOf(genesis) as StateAtHand, false);
    expect(runSync(powerTotals(older.tree), reader).totalQualityAdjPower).toBe(791648371998720n);
    // the whole states of the file: those that genesis and the first tipset above it name
    const held = chain.tipsets.filter((tipset) => stateOf(tipset) !== undefined).map(({ height }) => height);
    expect(held).toEqual([0, 1]);

    const leaders: CheckedLeader[] = [];
    const kinds: Record<string, number> = {};
    const exactAt = { lookback: new Set<number>(), leastPower: new Set<number>(), weight: new Set<number>() };
    let base = genesis;
    let below = beaconBelow(genesis);
    for (const tipset of above) {
      const { height } = tipset;
      const place = lookbackFor(height, base.height, 0);
      const next = place.kind === "below" ? chain.tipsets.find((one) => one.height >= place.next) : tipset;
      const lookbackTipset = chain.tipsets.findLast((one) => one.height < (next?.height ?? 0));
      const states = { lookback: stateOf(next) ?? older, leastPower: stateOf(lookbackTipset), standing: stateOf(base) };
      const checked = runSync(checkLeaders(mainnet, tipset, { base, beacon: below.entry, states }), reader);
      expect(settled(checked)).toEqual([]);
      leaders.push(...checked.leaders);
      if (states.lookback.exact) exactAt.lookback.add(height);
      if (states.leastPower !== undefined) exactAt.leastPower.add(height);
      if (checked.weightChecked) exactAt.weight.add(height);
      for (const { code } of checked.otherwise) kinds[code] = (kinds[code] ?? 0) + 1;
      expect(checkParentWeight(tipset, base, 791648371998720n).faults).toEqual([]); // power did not change
      below = beaconBelow(tipset, below);
      base = tipset;
    }
    expect(leaders).toHaveLength(48);
    expect(leaders.every(({ winCountAgrees }) => winCountAgrees)).toBe(true);
    expect(kinds).toEqual({ "block/signature-wrong": 48, "block/ticket-wrong": 48, "block/election-proof-wrong": 48 });
    const heights = (set: ReadonlySet<number>) => [...set].join(" ");
    expect(heights(exactAt.lookback)).toBe("1 2 3 5 6 8 9"); // up to ten epochs above genesis it is the state after it
    expect(heights(exactAt.leastPower)).toBe("1 2 3 5 6 8 9 11");
    expect(heights(exactAt.weight)).toBe("1 2");
    expect(leaders.filter(({ state }) => state === "exact").length).toBe(2);
  });
});
