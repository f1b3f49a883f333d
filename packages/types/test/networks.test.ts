import { isCopseError, toHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import {
  actorsVersion,
  butterflynet,
  calibnet,
  devnet,
  drandAt,
  mainnet,
  type Network,
  network,
  networks,
  networkVersion,
  upgradeHeight,
} from "../src/networks.ts";

describe("networkVersion", () => {
  it.each([
    [mainnet, 0, 0, 0],
    [mainnet, 41_280, 0, 0],
    [mainnet, 41_281, 1, 0],
    [mainnet, 94_001, 3, 0],
    [mainnet, 130_801, 3, 0],
    [mainnet, 138_720, 3, 0],
    [mainnet, 138_721, 4, 2],
    [mainnet, 148_889, 5, 2],
    [mainnet, 343_201, 9, 2],
    [mainnet, 550_322, 10, 3],
    [mainnet, 1_960_321, 16, 8],
    [mainnet, 2_683_349, 18, 10],
    [mainnet, 2_870_281, 20, 11],
    [mainnet, 3_855_481, 22, 13],
    [mainnet, 5_138_041, 26, 16],
    [mainnet, 6_052_800, 27, 17],
    [mainnet, 6_052_801, 28, 18],
    [calibnet, 0, 0, 0],
    [calibnet, 30, 0, 0], // Lotus; Forest says 3
    [calibnet, 31, 4, 2],
    [calibnet, 300, 8, 2],
    [calibnet, 301, 9, 2],
    [calibnet, 16_801, 17, 9],
    [calibnet, 2_558_015, 26, 16],
    [calibnet, 3_694_535, 28, 18],
    [butterflynet, 0, 27, 17],
    [butterflynet, 1441, 28, 18],
    [devnet, 200, 28, 18],
    [devnet, 201, 29, 19],
  ])("%# of an epoch", (rules, epoch, version, actors) => {
    expect([networkVersion(rules, epoch), actorsVersion(rules, epoch)]).toEqual([version, actors]);
  });
});

describe("network", () => {
  it("is found by either name", () => {
    expect(network("mainnet")).toBe(mainnet);
    expect(network("testnetnet")).toBe(mainnet);
    expect(network("calibrationnet")).toBe(calibnet);
  });
  it("unknown ones are refused", () => {
    try {
      network("moonnet");
      expect.unreachable();
    } catch (error) {
      expect(isCopseError(error) && error.code).toBe("network/unknown");
    }
  });
  it("tables rise from epoch 0", () => {
    for (const rules of [...networks, devnet]) {
      for (const rows of [rules.upgrades, rules.messageGas, rules.checkpoints]) {
        const heights = rows.map((row) => row.height);
        expect(heights).toEqual(heights.toSorted((a, b) => a - b));
      }
      expect(rules.drand[0]?.start).toBe(0);
      expect(rules.messageGas[0]?.height).toBe(0);
    }
    expect([mainnet.checkpoints.length, calibnet.checkpoints.length]).toEqual([72, 46]);
    expect(calibnet.checkpoints.at(-1)?.height).toBe(3_974_400);
  });
  it("knows when an upgrade comes", () => {
    expect(upgradeHeight(mainnet, "Smoke")).toBe(51_000);
    expect(upgradeHeight(calibnet, "Smoke")).toBe(-2);
    expect(upgradeHeight(butterflynet, "Smoke")).toBe(-1);
    expect(upgradeHeight(butterflynet, "FireHorse")).toBe(1440);
    expect(upgradeHeight(butterflynet, "Xx")).toBe(Number.POSITIVE_INFINITY);
  });
  it("a devnet becomes a network by its genesis", () => {
    const local: Network = { ...devnet, p2pName: "localnet-1", genesisCid: mainnet.genesisCid, genesisTime: 1 };
    expect(networkVersion(local, 0)).toBe(28);
  });
});

describe("F3", () => {
  it("has the manifests of Lotus", () => {
    const rows = [mainnet, calibnet, butterflynet, devnet].map(({ f3 }) => [
      f3.networkName,
      f3.bootstrapEpoch,
      f3.initialPowerTable?.toString().slice(-4),
      f3.ec.periodMs,
      f3.gpbft.chainProposedLength,
      f3.gpbft.qualityDeltaMultiplier,
      f3.chainExchange.maxTimestampAgeMs,
      f3.pubSub.messageBufferSize,
    ]);
    expect(rows).toEqual([
      ["filecoin", 4_920_480, "gmbu", 30_000, 20, 8, 16_000, 1024],
      ["calibrationnet2", 3_451_774, "mptg", 30_000, 100, 1, 8000, 128],
      ["butterflynet", 1000, undefined, 30_000, 100, 1, 8000, 128],
      ["2k", 1000, undefined, 4000, 100, 1, 8000, 128],
    ]);
  });
});

describe("drandAt", () => {
  it.each([
    [mainnet, 0, "incentinet"],
    [mainnet, 50_999, "incentinet"],
    [mainnet, 51_000, "mainnet"],
    [mainnet, 3_855_479, "mainnet"],
    [mainnet, 3_855_480, "quicknet"],
    [calibnet, 0, "mainnet"],
    [calibnet, 1_428_094, "quicknet"],
    [butterflynet, 0, "quicknet"],
  ])("%# of an epoch", (rules, epoch, name) => {
    expect(drandAt(rules, epoch).beacon.name).toBe(name);
  });
  it("keys are points of the group their scheme asks for", () => {
    for (const { beacon } of networks.flatMap((rules) => rules.drand)) {
      expect(beacon.publicKey.length).toBe(beacon.scheme === "chained" ? 48 : 96);
      expect(toHex(beacon.publicKey).length).toBe(2 * beacon.publicKey.length);
    }
  });
});
