import { describe, expect, it } from "vitest";
import { priceList } from "../../src/gas/price-list.ts";
import * as price from "../../src/gas/prices.ts";

const [skyr, hygge, watermelon, teep] = [17, 18, 21, 25].map(priceList) as ReturnType<typeof priceList>[];
if (!skyr || !hygge || !watermelon || !teep) throw new Error("no list");
const lists = [skyr, hygge, watermelon, teep];
/** Milligas of whole gas, or of a tenth. */
const gas = (amount: number): number => Math.round(amount * 1000);

describe("priceList", () => {
  it("changes with the network versions that changed prices", () => {
    const names = Array.from({ length: 13 }, (_, i) => priceList(16 + i).name);
    const count = (name: string): number => names.filter((other) => other === name).length;
    expect(names[0]).toBe("skyr");
    expect(["skyr", "hygge", "watermelon", "teep"].map(count)).toEqual([2, 3, 4, 4]);
    expect(names).toEqual(
      names.toSorted((a, b) => lists.findIndex((l) => l.name === a) - lists.findIndex((l) => l.name === b)),
    );
  });

  it("has milligas in safe integers only", () => {
    const check = (value: unknown): void => {
      if (typeof value === "number") expect(Number.isSafeInteger(value)).toBe(true);
      else if (value instanceof Map) for (const inner of value.values()) check(inner);
      else if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) check(inner);
    };
    for (const list of lists) check(list);
  });
});

describe("prices of messages and calls", () => {
  it.each([
    [skyr, 82, 192_263],
    [hygge, 161, 769_963],
    [watermelon, 0, 560_663],
    [teep, 1, 561_963],
  ])("a message on chain, %#", (list, length, expected) => {
    expect(price.onChainMessage(list, length)).toBe(gas(expected));
  });

  it.each([
    [false, true, 29_233],
    [true, true, 216_405],
    [false, false, 23_856],
    [true, false, 51_356],
  ])("FVM 2 invokes with value %s, method 0 %s", (hasValue, isSend, expected) => {
    expect(price.onMethodInvocation(skyr, hasValue, isSend, 0)).toBe(gas(expected));
  });

  it("FVM 3 and 4 invoke for one price, and FVM 4 for links", () => {
    for (const hasValue of [false, true]) {
      expect(price.onMethodInvocation(hygge, hasValue, false, 3)).toBe(gas(75_000));
      expect(price.onMethodInvocation(teep, hasValue, false, 3)).toBe(gas(75_900));
    }
    expect(lists.map((list) => list.valueTransfer)).toEqual([0, 6_000, 6_000, 6_000].map(gas));
  });

  it("of what is returned", () => {
    for (const list of lists) expect(price.onChainReturnValue(list, 7)).toBe(gas(9_100));
    expect(lists.map((list) => price.onReturnValue(list, 2))).toEqual([0, 0, 600, 600].map(gas));
    for (const list of lists) expect(list.syscall).toBe(gas(14_000));
  });
});

describe("prices of actors", () => {
  it("made, with and without an address", () => {
    expect(lists.map((list) => price.onCreateActor(list, false))).toEqual(
      [1_207_254, 650_000, 650_000, 650_000].map(gas),
    );
    expect(lists.map((list) => price.onCreateActor(list, true))).toEqual(
      [1_207_254, 2_700_000, 2_700_000, 2_700_000].map(gas),
    );
  });

  it("deleted, looked up, updated", () => {
    expect(lists.map((list) => list.deleteActor)).toEqual([-98_800, 0, 0, 0].map(gas));
    expect(lists.map((list) => list.actorLookup)).toEqual([0, 500_000, 500_000, 500_000].map(gas));
    expect(lists.map((list) => list.actorUpdate)).toEqual([0, 475_000, 475_000, 475_000].map(gas));
    expect(lists.map((list) => list.getRoot)).toEqual([0, 0, 300, 300].map(gas));
    expect(lists.map((list) => list.setRoot)).toEqual([0, 0, 300, 300].map(gas));
    expect(teep.preloadedActors).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 10n, 99n]);
  });
});

describe("prices of blocks", () => {
  it("opened", () => {
    expect(lists.map((list) => list.blockOpenBase)).toEqual([135_617, 187_440, 187_740, 187_740].map(gas));
    expect(lists.map((list) => price.onBlockOpen(list, 70, 0))).toEqual([735, 700, 700, 700].map(gas));
    // the reference's own: 10 gas a byte
    expect(price.onBlockOpen(watermelon, 10, 0)).toBe(gas(100));
    expect(price.onBlockCreate(watermelon, 10, 0)).toBe(gas(100));
  });

  it.each([
    [100, 2, 1000],
    [100, 3, 1140],
    [0, 1, 300],
    [38, 1, 391.2],
    [40, 1, 400],
  ])("of %s bytes with %s links, where either may be the dearer", (size, links, expected) => {
    expect(price.onBlockOpen(teep, size, links)).toBe(gas(expected));
    expect(price.onBlockCreate(teep, size, links)).toBe(gas(expected));
    expect(price.onBlockOpen(hygge, size, links)).toBe(gas(10 * size));
  });

  it("read and linked", () => {
    expect(lists.map((list) => price.onBlockRead(list, 463))).toEqual([231.5, 185.2, 185.2, 185.2].map(gas));
    expect(lists.map((list) => price.onBlockLink(list, 2077))).toEqual(
      [3_055_817, 7_468_934.8, 7_469_234.8, 7_469_234.8].map(gas),
    );
  });

  it("hashed, by the function", () => {
    const codes = [0x12, 0xb220, 0xb240, 0x1b, 0x1053];
    expect(codes.map((code) => price.onHashing(skyr, code, 100))).toEqual(codes.map(() => gas(31_355)));
    for (const list of [hygge, watermelon, teep]) {
      expect(codes.map((code) => price.onHashing(list, code, 100))).toEqual([700, 1000, 1000, 3300, 3500].map(gas));
      expect(price.onHashing(list, 0x13, 1)).toBeUndefined();
    }
    expect(price.onHashing(skyr, 0x13, 1)).toBe(gas(31_355));
  });
});

describe("prices of cryptography", () => {
  it("of signatures", () => {
    expect(lists.map((list) => price.onVerifySignature(list, 1, 10))).toEqual(
      [1_637_292, 1_637_392, 1_637_392, 1_637_392].map(gas),
    );
    expect(lists.map((list) => price.onVerifySignature(list, 2, 10))).toEqual(
      [16_598_605, 16_598_865, 16_598_865, 16_598_865].map(gas),
    );
    for (const list of lists) expect(price.onVerifySignature(list, 3, 0)).toBeUndefined();
    for (const list of lists) expect(list.recoverPublicKey).toBe(gas(1_637_292));
    expect(price.onVerifyBlsAggregateSignature(watermelon, 3, 10)).toBe(gas(4 * 8_299_302 + 70));
    expect(price.onVerifyBlsAggregateSignature(watermelon, 0, 0)).toBe(gas(8_299_302));
  });

  it("of proofs", () => {
    expect(lists.map((list) => list.verifySeal)).toEqual([2_000, 2_000, 2_000, 42_000_000].map(gas));
    for (const list of lists) {
      expect(list.unsealedCid).toBe(gas(98_647));
      expect(list.replicaUpdate).toBe(gas(36_316_136));
      expect(price.onVerifyPost(list, 0)).toBe(gas(117_680_921));
      expect(price.onVerifyPost(list, 3)).toBe(gas(117_812_261));
      expect(list.consensusFault).toBe(gas(516_422));
    }
  });

  // the reference's own cases
  it.each([
    [1, 0],
    [3, 0],
    [4, 103_994_170],
    [6, 103_994_170],
    [7, 112_356_810],
    [12, 112_356_810],
    [13, 122_912_610],
    [26, 137_559_930],
    [51, 137_559_930],
    [52, 162_039_100],
    [65, 162_039_100],
    [103, 210_960_780],
    [205, 318_351_180],
    [409, 318_351_180],
    [410, 528_274_980],
    [819, 528_274_980],
  ])("of %s aggregated seals of 32 GiB, in every list", (count, step) => {
    for (const list of lists) expect(price.onVerifyAggregateSeals(list, 8, count)).toBe(gas(449_900 * count + step));
    for (const type of [18, 19, 3, 13, -1])
      expect(price.onVerifyAggregateSeals(watermelon, type, count)).toBe(gas(449_900 * count + step));
  });

  it.each([
    [0, 0],
    [3, 0],
    [4, 102_581_240],
    [7, 110_803_030],
    [13, 120_803_700],
    [26, 134_642_130],
    [52, 157_357_890],
    [103, 203_017_690],
    [205, 304_253_590],
    [410, 509_880_640],
  ])("of %s aggregated seals of 64 GiB", (count, step) => {
    for (const list of lists) expect(price.onVerifyAggregateSeals(list, 9, count)).toBe(gas(359_272 * count + step));
  });

  it.each([
    [1, 112_356_810, 110_803_030],
    [2, 122_912_610, 120_803_700],
    [3, 137_559_930, 134_642_130],
    [4, 137_559_930, 134_642_130],
    [5, 162_039_100, 157_357_890],
    [8, 162_039_100, 157_357_890],
    [9, 210_960_780, 203_017_690],
    [16, 210_960_780, 203_017_690],
    [17, 318_351_180, 304_253_590],
    [32, 318_351_180, 304_253_590],
    [33, 528_274_980, 509_880_640],
    [65, 528_274_980, 509_880_640],
  ])("of %s aggregated non-interactive seals", (count, step32, step64) => {
    expect(price.onVerifyAggregateSeals(teep, 18, count)).toBe(gas(44_990 * 126 * count + step32));
    expect(price.onVerifyAggregateSeals(teep, 19, count)).toBe(gas(35_928 * 126 * count + step64));
  });

  it("of one non-interactive seal as FIP-0092 says", () => {
    expect(price.onVerifyAggregateSeals(teep, 18, 1)).toBe(gas(118_025_550));
    expect(price.onVerifyAggregateSeals(teep, 19, 1)).toBe(gas(115_329_958));
  });
});

describe("prices of the chain's past", () => {
  it("of randomness", () => {
    expect(lists.map((list) => price.onGetRandomness(list, 0))).toEqual([21_000, 21_480, 146_200, 146_200].map(gas));
    expect(lists.map((list) => price.onGetRandomness(list, 10))).toEqual([21_000, 21_580, 146_950, 146_950].map(gas));
    expect(price.onGetRandomness(teep, -1)).toBe(Number.POSITIVE_INFINITY);
  });

  it("of tipset CIDs", () => {
    expect([1, 2, 899].map((back) => price.onTipsetCid(hygge, back))).toEqual([50_000, 215_000, 215_000].map(gas));
    expect([1, 2, 899].map((back) => price.onTipsetCid(teep, back))).toEqual([146_275, 146_350, 213_625].map(gas));
  });
});

describe("prices of events and memory", () => {
  it("of events", () => {
    // FIP-0049, with what the stamp adds
    expect(price.onActorEventValidate(hygge, 100)).toBe(gas(1_750 + 27.4 * 100));
    expect(price.onActorEventAccept(hygge, 100)).toBe(gas(15.2 * 112));
    const [entries, keys, values] = [3, 11, 96];
    const size = 12 + 9 * entries + keys + values;
    const expected = 17.2 * size + 2_000 + 1_400 * entries + 500 + 16 * keys;
    expect(price.onActorEvent(watermelon, entries, keys, values)).toBe(gas(expected));
    expect(price.onActorEvent(watermelon, 0, 0, 0)).toBe(gas(2_706.4));
  });

  it("of memory and tables", () => {
    expect(lists.map((list) => price.wasmMemory(list, 17))).toEqual([0, 445_644.8, 445_644.8, 445_644.8].map(gas));
    expect(price.wasmMemory(teep, 1)).toBe(26_214_400);
    expect(lists.map((list) => price.wasmTable(list, 5))).toEqual([0, 16, 16, 16].map(gas));
  });
});
