import { toCid } from "@copse/ipld";
import { toHex } from "@copse/primitives";
import { Address, butterflynet, mainnet } from "@copse/types";
import { describe, expect, it } from "vitest";
import { maxBeaconRoundForEpoch } from "../../src/rules/beacon-rounds.ts";
import { drawForElection, drawForTicket, drawForWinningPoSt, minerEntropy } from "../../src/rules/draw-randomness.ts";
import { lookbackDepth, lookbackFor } from "../../src/rules/lookback.ts";
import { messageRoot } from "../../src/rules/message-root.ts";
import { selectMessages } from "../../src/rules/message-selection.ts";
import { hasMinPower, ineligible } from "../../src/rules/min-power.ts";
import { scheduledAt } from "../../src/rules/scheduled-at.ts";
import { epochAt, isFromFuture, isInConsensusRange, timestampAt } from "../../src/rules/timing.ts";
import {
  isListedSignatureType,
  onChainMessageGas,
  totalFilecoin,
  validForBlockInclusion,
} from "../../src/rules/valid-for-block-inclusion.ts";
import { winningSectorIndexes } from "../../src/rules/winning-sectors.ts";

const mainnetClock = { genesisTime: 1598306400, blockDelay: 30 };

describe("beacon rounds", () => {
  const incentinet = { genesisTime: 1595873820, period: 30 };
  const quicknet = { genesisTime: 1692803367, period: 3 };

  it("are one low until network version 15", () => {
    expect(maxBeaconRoundForEpoch(mainnetClock, incentinet, 0, 1)).toBe(81086);
    expect(maxBeaconRoundForEpoch(mainnetClock, incentinet, 16, 1)).toBe(81087);
  });

  it("match a real mainnet header and a real calibnet one", () => {
    expect(maxBeaconRoundForEpoch(mainnetClock, quicknet, 25, 4863283)).toBe(17133832);
    const calibnet = { genesisTime: 1667326380, blockDelay: 30 };
    const mainnet = { genesisTime: 1595431050, period: 30 };
    expect(maxBeaconRoundForEpoch(calibnet, mainnet, 16, 3000)).toBe(2399511);
  });

  it("are 1 before the beacon's genesis", () => {
    expect(maxBeaconRoundForEpoch({ genesisTime: 10, blockDelay: 30 }, quicknet, 28, 1)).toBe(1);
  });
});

describe("draws", () => {
  const draw = { beacon: Uint8Array.of(1, 2, 3), height: 7, miner: Uint8Array.of(0, 0xe8, 7) };

  it("take the miner's address in CBOR", () => {
    expect(toHex(minerEntropy(draw.miner))).toBe("4300e807");
  });

  it("differ by purpose, by epoch and by the parents' ticket", () => {
    const drawn = [
      drawForTicket(draw, undefined),
      drawForTicket(draw, Uint8Array.of(9)),
      drawForElection(draw),
      drawForElection({ ...draw, height: 8 }),
      drawForWinningPoSt(draw),
    ].map(toHex);
    expect(new Set(drawn).size).toBe(5);
  });

  it("fit the field of the proof", () => {
    for (let height = 0; height < 20; height++) {
      expect(drawForWinningPoSt({ ...draw, height })[31]).toBeLessThan(0x40);
    }
  });
});

describe("lookback", () => {
  it("is 10 epochs up to network version 3, 900 after", () => {
    expect([0, 3, 4, 28].map(lookbackDepth)).toEqual([10, 10, 900, 900]);
  });

  it("is the parents themselves only where it would lie above them", () => {
    expect(lookbackFor(1, 0, 28)).toEqual({ kind: "base" });
    expect(lookbackFor(2, 1, 28)).toEqual({ kind: "below", next: 1 });
    expect(lookbackFor(1000, 999, 28)).toEqual({ kind: "below", next: 101 });
    expect(lookbackFor(39, 29, 0)).toEqual({ kind: "base" });
    expect(lookbackFor(39, 38, 0)).toEqual({ kind: "below", next: 30 });
    expect(lookbackFor(900, 0, 28)).toEqual({ kind: "base" });
  });

  it("is nowhere since network version 4 where null rounds reach past it", () => {
    expect(lookbackFor(1900, 1001, 28)).toEqual({ kind: "below", next: 1001 });
    expect(lookbackFor(1900, 1000, 28)).toEqual({ kind: "none" });
    expect(lookbackFor(1900, 1000, 4)).toEqual({ kind: "none" });
    expect(lookbackFor(1900, 1000, 3)).toEqual({ kind: "base" });
    expect(lookbackFor(5000, 0, 28)).toEqual({ kind: "base" });
  });
});

describe("the sectors of a winning proof", () => {
  // reckoned apart, with Python's hashlib, from what rust-fil-proofs hashes
  it.each([
    [1000, 5, 100n, 0n],
    [1000, 5, 1n, 0n],
    [3_078_309, 7, 469_800n, 222_152n],
    [127, 0, 2n ** 40n, 19_426_823_350n],
    [128, 0x3f, 12_345n, 12_080n],
  ] as const)("miner %i, randomness of %i", (miner, byte, sectors, place) => {
    expect(winningSectorIndexes(new Uint8Array(32).fill(byte), Address.id(miner), sectors)).toEqual([place]);
  });

  it("are none where none count", () => {
    expect(winningSectorIndexes(new Uint8Array(32), Address.id(1), 0n)).toEqual([]);
  });
});

describe("minimum power", () => {
  it("passes small miners only while fewer than four are large", () => {
    const raw = (bytes: bigint) => ({ proofType: 8, rawBytePower: bytes, qualityAdjPower: 10n * bytes });
    expect(hasMinPower(raw(10n), 10n, 100)).toBe(true);
    expect(hasMinPower(raw(9n), 10n, 4n)).toBe(false);
    expect(hasMinPower(raw(9n), 10n, 3n)).toBe(true);
    expect(hasMinPower(raw(0n), 10n, 0)).toBe(false);
  });

  it("is quality-adjusted power in actors v0, which let pass a claim of none while few miners were large", () => {
    const first = (bytes: bigint) => ({ proofType: undefined, rawBytePower: 0n, qualityAdjPower: bytes });
    expect(hasMinPower(first(10n), 10n, 100)).toBe(true);
    expect(hasMinPower(first(9n), 10n, 4)).toBe(false);
    expect(hasMinPower(first(0n), 10n, 3)).toBe(true);
    expect(hasMinPower(first(-1n), 10n, 3)).toBe(false);
  });

  it("since actors v2 bars debt, faults and empty claims", () => {
    const good = { power: 1n, feeDebt: 0n, consensusFaultElapsed: -1 };
    expect(ineligible(good, 5)).toBeUndefined();
    expect(ineligible({ ...good, power: undefined }, 5)).toBe("no claim");
    expect(ineligible({ ...good, power: 0n }, 5)).toBe("no power");
    expect(ineligible({ ...good, feeDebt: 1n }, 5)).toBe("fee debt");
    expect(ineligible({ ...good, consensusFaultElapsed: 5 }, 5)).toBe("consensus fault");
    expect(ineligible({ ...good, consensusFaultElapsed: 4 }, 5)).toBeUndefined();
  });
});

describe("messages of a tipset", () => {
  it("have the root of two empty lists where there are none", () => {
    const { root, blocks } = messageRoot([], []);
    expect(`${toCid(root)}`).toBe("bafy2bzacecmda75ovposbdateg7eyhwij65zklgyijgcjwynlklmqazpwlhba");
    expect(`${toCid(blocks[0]?.[0] as Uint8Array)}`).toBe(
      "bafy2bzacedswlcz5ddgqnyo3sak3jmhmkxashisnlpq6ujgyhe4mlobzpnhs6",
    );
  });

  it("are executed while a sender's nonces run on, each once", () => {
    const of = (text: string) => text.split(" ").map((one) => ({ sender: one[0] ?? "", nonce: BigInt(one.slice(1)) }));
    expect(selectMessages(of("a4 b9 a5 a4 b10 a7 a6"))).toEqual([true, true, true, false, true, false, true]);
    expect(selectMessages([])).toEqual([]);
  });

  it("are priced by the row in force", () => {
    const rows = [{ height: 0 }, { height: 10 }, { height: 20 }];
    expect([-5, 0, 9, 10, 19, 20, 99].map((height) => scheduledAt(rows, height).height)).toEqual([
      0, 0, 0, 10, 10, 20, 20,
    ]);
  });
});

describe("time", () => {
  it("follows the height", () => {
    expect(timestampAt(mainnetClock, 39)).toBe(1598307570);
    expect(epochAt(mainnetClock, 1598307599)).toBe(39);
  });

  it("allows a second of drift", () => {
    expect(isFromFuture(101, 100)).toBe(false);
    expect(isFromFuture(102, 100.9)).toBe(true);
  });

  it("looks from finality to five epochs ahead of the clock", () => {
    const now = timestampAt(mainnetClock, 2000);
    const inRange = (height: number) => isInConsensusRange(mainnetClock, height, 1990, now);
    expect([1089, 1090, 2005, 2006].map(inRange)).toEqual([false, true, true, false]);
  });
});

describe("message syntax", () => {
  const good = {
    version: 0,
    to: Uint8Array.of(0, 99),
    from: Uint8Array.of(1, ...new Array<number>(20).fill(7)),
    value: 1n,
    gasLimit: 1_000_000n,
    gasFeeCap: 5n,
    gasPremium: 5n,
  };
  const zeroBls = Uint8Array.of(3, 0xc0, ...new Array<number>(47).fill(0));
  const eth = Uint8Array.of(4, 10, ...new Array<number>(20).fill(7));

  it("accepts a plain message", () => {
    expect(validForBlockInclusion(good, 400_000n, 0)).toBeUndefined();
  });

  it.each([
    ["version", { version: 1 }, 28],
    ["to", { to: new Uint8Array() }, 28],
    ["to", { to: zeroBls }, 7],
    ["to", { to: eth }, 17],
    ["from", { from: new Uint8Array() }, 28],
    ["from", { from: eth }, 17],
    ["value", { value: -1n }, 28],
    ["value", { value: totalFilecoin + 1n }, 28],
    ["gasFeeCap", { gasFeeCap: -1n, gasPremium: -2n }, 28],
    ["gasPremium", { gasPremium: -1n }, 28],
    ["gasPremium", { gasPremium: 6n }, 28],
    ["gasLimit", { gasLimit: 10_000_000_001n }, 28],
    ["gasLimit", { gasLimit: 0n }, 28],
    ["gasLimit", { gasLimit: 399_999n }, 28],
  ] as const)("refuses a wrong %s: %o", (field, over, version) => {
    expect(validForBlockInclusion({ ...good, ...over }, 400_000n, version)?.field).toBe(field);
  });

  it("accepts what a later or earlier version allows", () => {
    expect(validForBlockInclusion({ ...good, to: zeroBls }, 0n, 6)).toBeUndefined();
    expect(validForBlockInclusion({ ...good, to: eth, from: eth }, 0n, 18)).toBeUndefined();
    expect(validForBlockInclusion({ ...good, value: totalFilecoin }, 0n, 18)).toBeUndefined();
  });

  it("prices bytes by the table in force at the height", () => {
    const prices = mainnet.messageGas;
    expect(onChainMessageGas(100, 265199, prices)).toBe(38863n + 136_000n);
    expect(onChainMessageGas(100, 265200, prices)).toBe(38863n + 176_800n);
    expect(onChainMessageGas(100, 2683348, prices)).toBe(513863n + 176_800n);
    expect(onChainMessageGas(100, 9_000_000, butterflynet.messageGas)).toBe(38863n + 136_000n);
  });

  it("lists signature types by version", () => {
    expect([1, 2, 3].map((type) => isListedSignatureType(type, 13))).toEqual([true, true, true]);
    expect([1, 2, 3].map((type) => isListedSignatureType(type, 14))).toEqual([true, false, false]);
    expect([1, 2, 3].map((type) => isListedSignatureType(type, 18))).toEqual([true, false, true]);
  });
});
