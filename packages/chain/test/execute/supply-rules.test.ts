import { AttoFil, butterflynet, calibnet, devnet, mainnet } from "@copse/types";
import { describe, expect, it } from "vitest";
import { supplyRules } from "../../src/execute/supply-rules.ts";

const liftoff = 148_888;
const day = 2880;
const fil = (whole: bigint): bigint => AttoFil.fromFil(whole);
const all = fil(10_632_000n + 51_803_587n + 31_821_712n + 7_223_364n + 88_536_841n + 409_805_053n);

describe("supplyRules", () => {
  const { vested, initialReserve, countsMarket } = supplyRules(mainnet);

  it("vests what is due at once at liftoff, with what does not divide by epochs", () => {
    const due = fil(10_632_000n);
    expect(vested(liftoff) - due).toBeGreaterThanOrEqual(0n);
    expect(vested(liftoff) - due).toBeLessThan(3000n * 2880n);
    expect(vested(liftoff - 1)).toBe(0n);
  });

  it("vests by whole parts of an epoch until a grant ends", () => {
    const grants = [
      [183, 51_803_587n],
      [365, 31_821_712n],
      [730, 7_223_364n],
      [1095, 88_536_841n],
      [2190, 409_805_053n],
    ] as const;
    const at = (epochs: number): bigint =>
      grants.reduce((sum, [days, whole]) => {
        const duration = BigInt(days * day);
        const left = duration - BigInt(epochs);
        return sum + (left <= 0n ? fil(whole) : fil(whole) - (fil(whole) / duration) * left);
      }, fil(10_632_000n));
    for (const epochs of [0, 1, 100 * day, 183 * day - 1, 183 * day, 800 * day, 2190 * day - 1]) {
      expect(vested(liftoff + epochs)).toBe(at(epochs));
    }
    expect(vested(liftoff + 2190 * day)).toBe(all);
    expect(vested(10_000_000)).toBe(all);
  });

  it("begins elsewhere on other networks", () => {
    expect(supplyRules(calibnet).vested(-5)).toBe(vested(liftoff));
    expect(supplyRules(butterflynet).vested(-8)).toBe(0n);
    expect(supplyRules(devnet).vested(-6)).toBe(vested(liftoff));
  });

  it("counts the reserve as FIP-0100 has it, by network, from nv25 on", () => {
    expect(initialReserve(6_000_000)).toBe(fil(300_000_000n));
    const teep = calibnet.upgrades.find(({ name }) => name === "Teep")?.height as number;
    expect(supplyRules(calibnet).initialReserve(teep)).toBe(fil(300_000_000n));
    expect(supplyRules(calibnet).initialReserve(teep + 1)).toBe(fil(1_200_000_000n));
    expect(supplyRules(butterflynet).initialReserve(1)).toBe(fil(1_600_000_000n));
    expect(supplyRules(devnet).initialReserve(1)).toBe(fil(1_400_000_000n));
  });

  it("counts what the market holds until nv23", () => {
    const waffle = mainnet.upgrades.find(({ name }) => name === "Waffle")?.height as number;
    expect([waffle, waffle + 1].map(countsMarket)).toEqual([true, false]);
  });
});
