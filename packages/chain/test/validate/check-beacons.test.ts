import { checkSignatures } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { fromHex } from "@copse/primitives";
import { type BeaconEntry, type BlockHeader, createTipset, mainnet, type Network, type Tipset } from "@copse/types";
import { describe, expect, it } from "vitest";
import { createMint } from "../../src/mint/index.ts";
import { type BeaconBelow, beaconSearchDepth, blockValues } from "../../src/validate/block-values.ts";
import { beaconBelow, checkBeacons } from "../../src/validate/check-beacons.ts";
import { settle } from "../../src/validate/verdict.ts";

await installFastest();
const mint = createMint({ seed: "beacons", forks: 0 });
const tipsets = [...mint.epochs().take(30)].flatMap(({ tipset }) => tipset ?? []);
const template = tipsets[0]?.blocks[0] as BlockHeader;
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const entry = (round: number): BeaconEntry => ({ round, signature: Uint8Array.of(round & 0xff) });
const header = (height: number, rounds: readonly number[]): BlockHeader => {
  return { ...template, height, beaconEntries: rounds.map(entry) };
};
const below = (height: number, round: number, age = 0): BeaconBelow => ({ height, entry: entry(round), age });
/** What the rule says, in short: the code broken, or the rounds to verify and those they follow. */
const rule = (network: Network, height: number, rounds: readonly number[], under: BeaconBelow): unknown => {
  const values = blockValues(network, header(height, rounds), under);
  if (values.broken !== undefined) return [values.broken.code.replace("block/beacon-", ""), values.broken.facts];
  return [...values.verify.map(([now, before]) => `${before.round}>${now.round}`), values.accepted];
};

describe("the rule on chained beacons", () => {
  // Epoch e of mainnet's first years draws round 81085 + e of incentinet.
  it("verifies each entry against the one before it", () => {
    expect(rule(mainnet, 12, [81096, 81097], below(10, 81095))).toEqual(["81095>81096", "81096>81097", 0]);
  });

  it("takes the first entry above a genesis", () => {
    expect(rule(mainnet, 1, [81086], below(0, 0))).toEqual([1]);
    expect(rule(mainnet, 1, [], below(0, 0))).toEqual(["count-wrong", { found: 0, expected: "at least 1" }]);
  });

  it("wants the last round to be the epoch's", () => {
    const facts = { index: 0, found: 81096, expected: 81097 };
    expect(rule(mainnet, 12, [81096], below(10, 81095))).toEqual(["round-wrong", facts]);
  });

  it("wants every round since the parents', so that nobody can have us verify thousands", () => {
    const gap = { index: 0, found: 81097, expected: 81096 };
    expect(rule(mainnet, 12, [81097], below(10, 81095))).toEqual(["round-wrong", gap]);
    const many = [...new Array<number>(8000).fill(81096), 81097];
    expect(rule(mainnet, 12, many, below(10, 81095))).toMatchObject(["round-wrong", { index: 1 }]);
  });

  it("wants none where the parents have the round", () => {
    expect(rule(mainnet, 12, [], below(10, 81097))).toEqual([0]);
    expect(rule(mainnet, 12, [81097], below(10, 81097))).toMatchObject(["count-wrong", { found: 1 }]);
  });

  it("wants two where the beacon changes, of which the first lends its signature", () => {
    expect(rule(mainnet, 51_000, [7, 8], below(50_999, 5))).toEqual(["7>8", 1]);
    expect(rule(mainnet, 51_001, [7, 8], below(50_998, 5))).toEqual(["7>8", 1]);
    expect(rule(mainnet, 51_000, [8], below(50_999, 5))).toMatchObject(["count-wrong", { found: 1 }]);
    expect(rule(mainnet, 51_000, [7, 8, 9], below(50_999, 5))).toMatchObject(["count-wrong", { found: 3 }]);
  });
});

describe("the rule on unchained beacons", () => {
  const round = (epoch: number): number => 17_133_832 - 10 * (4_863_283 - epoch); // quicknet on mainnet

  it("wants one entry per epoch since the parents", () => {
    const [a, b, c] = [1, 2, 3].map((i) => round(4_000_000 + i)) as [number, number, number];
    const under = below(4_000_000, round(4_000_000));
    expect(rule(mainnet, 4_000_003, [a, b, c], under)).toEqual([`${a - 10}>${a}`, `${a}>${b}`, `${b}>${c}`, 0]);
    expect(rule(mainnet, 4_000_003, [b, c], under)).toEqual(["round-wrong", { index: 0, found: b, expected: a }]);
    expect(rule(mainnet, 4_000_003, [a, c, c], under)).toEqual(["round-wrong", { index: 1, found: c, expected: b }]);
    expect(rule(mainnet, 4_000_003, [a, b, c, c], under)).toEqual([
      "round-wrong",
      { index: 3, found: c, expected: c + 10 },
    ]);
  });

  it("goes over from a chained beacon without ado", () => {
    const first = round(3_855_480);
    expect(rule(mainnet, 3_855_480, [first], below(3_855_479, 4_000_000))).toEqual([`4000000>${first}`, 0]);
  });

  it("verifies a real header above a null round", () => {
    // Mainnet 4863283, a sample in lotus:documentation/en/api-methods-v1-stable.md
    const real: BeaconEntry[] = [
      {
        round: 17133822,
        signature: fromHex(
          "b47e2af1eb8868ff7f41126df002df901bedb52990fc3380b7cfb7ef01865797fc924873105ac786c922b4d9cf4bbd23",
        ),
      },
      {
        round: 17133832,
        signature: fromHex(
          "b900f97049fc53af7eb0f8e971c4fc066d2356b9d72d271fda30642c9347bc01cb03ab4fb190d1133a4121c92956f3f2",
        ),
      },
    ];
    const tipset = createTipset([{ ...template, height: 4_863_283, beaconEntries: real }]);
    const checked = checkBeacons(mainnet, [tipset], below(4_863_281, 17_133_812));
    expect(checked.entries).toBe(2);
    expect(settle(checked, checkSignatures(checked.checks, { random }))).toEqual([]);
  });
});

describe("other threads", () => {
  it("check what they are sent as it is checked here", () => {
    const [tipset] = tipsets as [Tipset];
    const wrong = { ...tipset, blocks: [{ ...template, beaconEntries: [] }] };
    const here = checkBeacons(mint.network, [wrong], beaconBelow(mint.genesis.tipset));
    const sent = structuredClone({ network: mint.network, wrong, below: beaconBelow(mint.genesis.tipset) });
    const there = checkBeacons(sent.network, [sent.wrong], sent.below);
    expect(here.faults).toHaveLength(1);
    expect(structuredClone(there)).toEqual(here);
  });
});

describe("checkBeacons", () => {
  const under = beaconBelow(mint.genesis.tipset);
  const codes = (run: readonly Tipset[], from: BeaconBelow = under): readonly string[] => {
    const checked = checkBeacons(mint.network, run, from);
    return settle(checked, checkSignatures(checked.checks, { random })).map(({ code }) => code);
  };

  it("takes a run whole or in parts", () => {
    const whole = checkBeacons(mint.network, tipsets, under);
    const lower = checkBeacons(mint.network, tipsets.slice(0, 9), under);
    const upper = checkBeacons(mint.network, tipsets.slice(9), lower.last);
    expect([...lower.checks, ...upper.checks]).toEqual(whole.checks);
    expect(upper.last).toEqual(whole.last);
    expect(whole.entries).toBe(whole.last.height);
  });

  it("names the round that is not signed by the beacon", () => {
    const [first] = tipsets as [Tipset];
    const stolen = (first.blocks[0] as BlockHeader).beaconEntries.map(({ round }) => ({
      round,
      signature: ((tipsets[3] as Tipset).blocks[0] as BlockHeader).beaconEntries[0]?.signature as Uint8Array,
    }));
    const bad = createTipset([{ ...template, beaconEntries: stolen }]);
    expect(new Set(codes([bad]))).toEqual(new Set(["block/beacon-signature-wrong"]));
  });

  it("refuses blocks of a tipset that differ, and checks both", () => {
    const twins = createTipset([
      template,
      {
        ...template,
        miner:
          tipsets.flatMap(({ blocks }) => blocks).find(({ miner }) => miner !== template.miner)?.miner ??
          template.miner,
        beaconEntries: [],
      },
    ]);
    expect(new Set(codes([twins]))).toEqual(new Set(["block/beacon-entries-differ", "block/beacon-count-wrong"]));
  });

  it("gives up where no entry stands in twenty tipsets", () => {
    expect(codes([tipsets[0] as Tipset], { ...under, age: beaconSearchDepth })).toEqual(["block/beacon-not-found"]);
    const empty = createTipset([{ ...template, beaconEntries: [] }]);
    expect(beaconBelow(empty, below(3, 9, 4))).toEqual({ height: empty.height, entry: entry(9), age: 5 });
    expect(beaconBelow(empty).age).toBe(beaconSearchDepth);
  });
});
