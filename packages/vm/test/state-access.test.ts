import { Address } from "@copse/types";
import { describe, expect, it } from "vitest";
import { priceList } from "../src/gas/price-list.ts";
import { GasTracker } from "../src/gas/tracker.ts";
import { StateAccessTracker } from "../src/state-access.ts";
import { FatalError, OutOfGas } from "../src/syscall-error.ts";

const lookup = 500_000n;
const update = 475_000n;
const secp = Address.fromSecp256k1(new Uint8Array(65));

function tracker(networkVersion = 18, limit = 10n ** 9n) {
  const gas = new GasTracker(limit, { trace: true });
  const access = new StateAccessTracker(priceList(networkVersion), gas);
  /** What a step costs, in gas. */
  const cost = (step: () => void): bigint => {
    const before = gas.used;
    step();
    return (gas.used - before) / 1000n;
  };
  return { gas, access, cost };
}

describe("StateAccessTracker", () => {
  it("charges for an actor once to read and once to write", () => {
    const { access, cost } = tracker();
    expect(cost(() => access.read(101n))).toBe(lookup);
    expect(cost(() => access.read(101n))).toBe(0n);
    expect(cost(() => access.update(101n))).toBe(update);
    expect(cost(() => access.update(101n))).toBe(0n);
    expect(cost(() => access.read(101n))).toBe(0n);
    expect(cost(() => access.update(102n))).toBe(lookup + update);
  });

  it("charges nothing for preloaded actors, and the next one in full", () => {
    const { access, cost } = tracker(28);
    for (const id of [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 10n, 99n]) expect(cost(() => access.update(id))).toBe(0n);
    for (const id of [8n, 9n, 11n, 98n, 100n]) expect(cost(() => access.update(id))).toBe(lookup + update);
  });

  it("has sender and receiver paid for by the message", () => {
    const { access, cost } = tracker();
    const other = Address.fromBls(new Uint8Array(48));
    access.seed(1000n, secp, 1001n, other);
    expect(cost(() => access.update(1000n))).toBe(0n);
    expect(cost(() => access.read(1001n))).toBe(0n);
    expect(cost(() => access.update(1001n))).toBe(update);
    expect([access.isResolved(secp), access.isResolved(other)]).toEqual([true, true]);
  });

  it("keeps the sender written to when it is the receiver, and knows an address that nobody has", () => {
    const { access, cost } = tracker();
    access.seed(1000n, secp, 1000n, secp);
    expect(cost(() => access.update(1000n))).toBe(0n);
    const none = tracker().access;
    none.seed(1000n, Address.id(1000n), undefined, secp);
    expect(none.isResolved(secp)).toBe(true);
  });

  it("forgets what a reverted call was charged for", () => {
    const { access, cost } = tracker();
    access.read(101n);
    access.beginTransaction();
    access.update(101n);
    access.beginTransaction();
    access.read(102n);
    access.recordResolved(secp);
    access.endTransaction(false);
    expect(cost(() => access.read(102n))).toBe(0n);
    access.endTransaction(true);
    expect(cost(() => access.update(101n))).toBe(update);
    expect(cost(() => access.read(102n))).toBe(lookup);
    expect(access.isResolved(secp)).toBe(false);
  });

  it("shows addresses that were not resolved, for nothing", () => {
    const { gas, access } = tracker();
    access.resolve(Address.id(5));
    access.resolve(secp);
    access.resolve(secp);
    access.recordResolved(secp);
    access.resolve(secp);
    expect(gas.trace).toEqual(Array(2).fill({ kind: "charge", name: "OnResolveAddress", milligas: 0 }));
  });

  it("marks nothing that could not be paid", () => {
    const { gas, access } = tracker(18, 900_000n);
    gas.pushLimit(600_000n);
    expect(() => access.update(101n)).toThrow(OutOfGas);
    gas.popLimit();
    expect(() => access.read(101n)).toThrow(OutOfGas);
  });

  it("counts nothing in FVM 2", () => {
    const { gas, access } = tracker(17);
    access.seed(1000n, secp, 1001n, secp);
    access.beginTransaction();
    access.update(101n);
    access.read(102n);
    access.resolve(Address.fromBls(new Uint8Array(48)));
    access.endTransaction(true);
    expect(gas.trace).toEqual([]);
  });

  it("ends no transaction that was not begun", () => {
    expect(() => tracker().access.endTransaction(false)).toThrow(FatalError);
  });
});
