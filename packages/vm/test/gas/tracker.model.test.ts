import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { GasTracker } from "../../src/gas/tracker.ts";
import { OutOfGas } from "../../src/syscall-error.ts";

const signedMost = 2n ** 63n - 1n;
const clamp = (value: bigint, least: bigint, most: bigint): bigint =>
  value < least ? least : value > most ? most : value;

/** The tracker as the reference's code says it: saturating 64-bit sums, used and limit. */
class Model {
  used = 0n;
  limit: bigint;
  readonly outer: [bigint, bigint][] = [];
  readonly signed: boolean;
  constructor(limitGas: bigint, signed: boolean) {
    this.limit = clamp(limitGas * 1000n, 0n, signedMost);
    this.signed = signed;
  }
  sum(a: bigint, b: bigint): bigint {
    return this.signed ? clamp(a + b, -(2n ** 63n), signedMost) : clamp(a + b, 0n, 2n ** 64n - 1n);
  }
  charge(amount: bigint): boolean {
    const used = this.sum(this.used, amount);
    const fits = used <= this.limit;
    this.used = fits ? used : this.limit;
    return fits;
  }
  get available(): bigint {
    return this.sum(this.limit, -this.used);
  }
  push(gas: bigint): void {
    this.outer.push([this.limit, this.used]);
    const asked = clamp(gas * 1000n, 0n, 2n ** 64n - 1n);
    this.limit = clamp(asked, 0n, this.available);
    this.used = 0n;
  }
  pop(): void {
    const [limit, used] = this.outer.pop() as [bigint, bigint];
    this.limit = limit;
    this.used = this.sum(this.used, used);
  }
}

describe("GasTracker as the reference counts", () => {
  it.each([2, 3, 4] as const)("in random histories of FVM %s", (fvm) => {
    const random = seeded(fvm);
    const pick = (limit: number): number => Math.floor(random() * limit);
    const bits = (most: number): bigint => BigInt(Math.floor(random() * 2 ** 32)) << BigInt(pick(most));
    const limits = [0n, 1n, 17n, 10n ** 6n, 10n ** 10n, 2n ** 43n, 2n ** 44n, 10n ** 14n, 2n ** 62n, 2n ** 63n - 1n];
    for (let history = 0; history < 400; history++) {
      const limit = limits[pick(limits.length)] as bigint;
      const gas = new GasTracker(limit, { fvm });
      const model = new Model(limit, fvm === 2);
      for (let step = 0; step < 40; step++) {
        const what = pick(12);
        if (fvm !== 2 && what === 0) {
          const asked = bits(33);
          gas.pushLimit(asked);
          model.push(asked);
        } else if (what === 1 && model.outer.length > 0) {
          gas.popLimit();
          model.pop();
        } else {
          let amount = what === 2 ? model.available + BigInt(pick(3) - 1) : bits(what < 6 ? 33 : 12);
          if (fvm === 2 && pick(3) === 0) amount = -amount;
          if (fvm !== 2 && amount < 0n) amount = 0n;
          const asNumber = what % 2 === 0 && Number.isSafeInteger(Number(amount));
          let fits = true;
          try {
            if (asNumber) gas.charge("wasm_exec", Number(amount));
            else gas.chargeLarge("wasm_exec", amount);
          } catch (error) {
            if (!(error instanceof OutOfGas)) throw error;
            fits = false;
          }
          if (fits !== model.charge(amount)) expect.fail(`step ${step} of history ${history}: ${amount}`);
        }
        const isEqual = gas.used === model.used && gas.available === model.available;
        if (!isEqual || gas.isExhausted !== (model.available === 0n)) {
          expect.fail(`step ${step} of history ${history}: ${gas.used} of ${gas.available}, not ${model.used}`);
        }
      }
    }
  });
});
