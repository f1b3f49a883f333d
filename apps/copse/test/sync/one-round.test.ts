import { ChainError } from "@copse/chain";
import { cidOf } from "@copse/ipld";
import { HostFault } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { describe, expect, it } from "vitest";
import { NodeError } from "../../src/errors.ts";
import { OneRound, saysOfTarget } from "../../src/sync/one-round.ts";

const target = (name: number): { key: TipsetKey } => ({ key: TipsetKey.fromBytes(cidOf(Uint8Array.of(name))) });
const error = new NodeError("copse/no-peers", { tried: 1, why: "x" });

describe("OneRound", () => {
  it("goes on with others while there is time, and ends with the first failure", () => {
    let now = 0;
    const round = new OneRound(() => now);
    expect(round.patience(3000)).toBe(3000);
    round.assertNew(undefined); // nothing failed
    round.failed(target(1), error, 3000, 2);
    now = 1000;
    expect(round.patience(3000)).toBe(2000);
    round.assertNew(target(2));
    round.failed(target(2), new Error("another"), 3000, 1);
    expect(() => round.assertNew(target(1))).toThrow(error);
    expect(() => round.assertNew(undefined)).toThrow(error);
    now = 4000;
    expect(() => round.assertNew(target(3))).toThrow(error);
  });

  it("ends at once where nobody tells another", () => {
    expect(() => new OneRound().failed(target(1), error, 3000, 0)).toThrow(error);
  });

  it("is for what may be the target's fault, not for ours", () => {
    expect(saysOfTarget(error)).toBe(true);
    expect(saysOfTarget(new ChainError("chain/seam-broken", { span: 1, height: 5, why: "x" }))).toBe(true);
    expect(saysOfTarget(new HostFault("host/aborted", { reason: "x" }))).toBe(false);
    expect(saysOfTarget(new NodeError("copse/not-assembled", { why: "x" }))).toBe(false);
    expect(saysOfTarget(new Error("x"))).toBe(false);
  });
});
