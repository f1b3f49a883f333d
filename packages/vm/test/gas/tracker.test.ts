import { describe, expect, it } from "vitest";
import { GasTracker } from "../../src/gas/tracker.ts";
import { FatalError, OutOfGas } from "../../src/syscall-error.ts";

const spend = (gas: GasTracker, milligas: number): string => {
  try {
    gas.charge("OnSyscall", milligas);
    return "ok";
  } catch (error) {
    if (!(error instanceof OutOfGas)) throw error;
    return "out";
  }
};
/** What Lotus gives cron and rewards, and what Forest gives them. */
const implicitLimits = [10n ** 14n, (2n ** 63n - 1n) / 2n];

describe("GasTracker", () => {
  it("spends to the last milligas, and all of it when more is asked", () => {
    const gas = new GasTracker(20n);
    expect(spend(gas, 15_000)).toBe("ok");
    expect(gas.used).toBe(15_000n);
    expect(spend(gas, 5_000)).toBe("ok");
    expect(gas.isExhausted).toBe(true);
    expect(spend(gas, 0)).toBe("ok");
    expect(spend(gas, 1)).toBe("out");
    expect([gas.used, gas.available]).toEqual([20_000n, 0n]);
  });

  it("leaves nothing after a charge that is too much", () => {
    const gas = new GasTracker(20n);
    expect(spend(gas, 20_001)).toBe("out");
    expect([gas.used, gas.available, gas.isExhausted]).toEqual([20_000n, 0n, true]);
  });

  it.each([
    [0, 0n, 1n],
    [1, 1n, 0n],
    [100, 1n, 0n],
    [999, 1n, 0n],
    [1000, 1n, 0n],
  ])("rounds %s milligas of a gas up to %s used, and what is left down to %s", (milligas, used, left) => {
    const gas = new GasTracker(1n);
    gas.charge("OnSyscall", milligas);
    expect([gas.gasUsed(), gas.availableGas()]).toEqual([used, left]);
  });

  it("rounds the sum, not each charge", () => {
    const gas = new GasTracker(10n);
    for (let i = 0; i < 4; i++) gas.charge("wasm_exec", 400);
    expect(gas.gasUsed()).toBe(2n);
  });

  it("counts limits that no number holds to the milligas", () => {
    for (const limit of implicitLimits) {
      const gas = new GasTracker(limit);
      const whole = limit * 1000n > 2n ** 63n - 1n ? 2n ** 63n - 1n : limit * 1000n;
      expect(gas.available).toBe(whole);
      for (let i = 0; i < 3; i++) gas.charge("OnSyscall", 2 ** 52 - 1);
      gas.chargeLarge("wasm_exec", 2n ** 55n + 1n);
      gas.charge("OnSyscall", 7);
      expect(gas.used).toBe(3n * (2n ** 52n - 1n) + 2n ** 55n + 8n);
      expect(gas.available).toBe(whole - gas.used);
      gas.chargeLarge("wasm_exec", gas.available);
      expect(gas.isExhausted).toBe(true);
      expect(spend(gas, 1)).toBe("out");
      expect(gas.used).toBe(whole);
    }
  });

  it("tells implicit messages what the reference tells them", () => {
    expect(new GasTracker((2n ** 63n - 1n) / 2n).availableGas()).toBe(9_223_372_036_854_775n);
  });

  it.each([Number.POSITIVE_INFINITY, 2 ** 53, 1e300, Number.NaN])("is out of gas for a charge of %s", (milligas) => {
    for (const limit of [10n ** 10n, ...implicitLimits]) expect(spend(new GasTracker(limit), milligas)).toBe("out");
  });

  it("takes back in FVM 2 what a deleted actor frees, also more than was spent", () => {
    const gas = new GasTracker(1_000_000n, { fvm: 2 });
    gas.charge("OnDeleteActor", -98_800_000);
    expect([gas.used, gas.available, gas.gasUsed()]).toEqual([-98_800_000n, 1_098_800_000n, 0n]);
    gas.charge("OnSyscall", 1_098_800_000);
    expect(spend(gas, 1)).toBe("out");
    expect(gas.gasUsed()).toBe(1_000_000n);
  });

  it("takes back as much as an actor of FVM 2 may name", () => {
    const gas = new GasTracker(1n, { fvm: 2 });
    for (let i = 0; i < 3; i++) gas.chargeLarge("given", -(2n ** 62n));
    expect(gas.used).toBe(-(2n ** 63n));
    expect(gas.available).toBe(2n ** 63n - 1n);
    gas.chargeLarge("taken", 2n ** 63n - 1n);
    expect(gas.used).toBe(-1n);
  });

  it("never runs out in FVM 2 when the limit is where sums saturate", () => {
    const gas = new GasTracker(2n ** 62n, { fvm: 2 });
    for (let i = 0; i < 3; i++) gas.chargeLarge("named by an actor", 2n ** 63n - 1n);
    expect(gas.available).toBe(0n);
    const later = new GasTracker(2n ** 62n);
    later.chargeLarge("named by an actor", 2n ** 63n - 1n);
    expect(() => later.chargeLarge("named by an actor", 1n)).toThrow(OutOfGas);
  });

  it("counts a send with a limit within that limit, and outside afterwards", () => {
    const gas = new GasTracker(100n);
    gas.charge("OnSyscall", 10_000);
    gas.pushLimit(30n);
    expect([gas.available, gas.used]).toEqual([30_000n, 0n]);
    gas.charge("OnSyscall", 5_000);
    gas.pushLimit(2n ** 64n - 1n);
    expect(gas.available).toBe(25_000n);
    expect(spend(gas, 26_000)).toBe("out");
    gas.popLimit();
    expect([gas.used, gas.isExhausted]).toEqual([30_000n, true]);
    gas.popLimit();
    expect([gas.used, gas.available, gas.isExhausted]).toEqual([40_000n, 60_000n, false]);
    expect(() => gas.popLimit()).toThrow(FatalError);
  });

  it("keeps charges only when asked to, those that fail too", () => {
    expect(new GasTracker(1n).trace).toBeUndefined();
    const gas = new GasTracker(1n, { trace: true });
    gas.charge("OnSyscall", 400);
    gas.trace?.push({ kind: "syscall", name: "self.root" });
    spend(gas, Number.POSITIVE_INFINITY);
    expect(() => gas.chargeLarge("mine", 3n)).toThrow(OutOfGas);
    expect(gas.trace).toEqual([
      { kind: "charge", name: "OnSyscall", milligas: 400 },
      { kind: "syscall", name: "self.root" },
      { kind: "charge", name: "OnSyscall", milligas: Number.MAX_SAFE_INTEGER },
      { kind: "charge", name: "mine", milligas: 3 },
    ]);
  });
});
