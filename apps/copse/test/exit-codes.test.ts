import { CopseError, HostFault } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { NodeError, type NodeFacts } from "../src/errors.ts";
import { exitCodeOf, exitCodes } from "../src/exit-codes.ts";

const own: { readonly [C in keyof NodeFacts]?: readonly [facts: NodeFacts[C], exit: number] } = {
  "copse/command-malformed": [{ why: "unknown option '--x'" }, 2],
  "copse/option-malformed": [{ option: "--to", value: "x", expected: "a whole number" }, 2],
  "copse/config-malformed": [{ file: "c.toml", why: "no TOML" }, 2],
  "copse/repo-other-network": [{ repo: "r", found: "calibnet", expected: "mainnet" }, 2],
  "copse/repo-missing": [{ repo: "r" }, 6],
  "copse/not-found": [{ what: "a head" }, 6],
  "copse/no-peers": [{ tried: 0, why: "none is connected" }, 4],
  "copse/chain-broken": [{ tipset: "t", why: "w" }, 3],
  "copse/import-empty": [{ file: "f" }, 3],
  "copse/import-no-head": [{ file: "f", head: "h" }, 3],
  "copse/not-assembled": [{ why: "w" }, 3],
};

class Foreign extends CopseError<string, object> {
  readonly fault: string | undefined;
  constructor(code: string, fault?: string) {
    super(code, code, {});
    this.fault = fault;
  }
}

describe("exitCodeOf", () => {
  for (const [code, [facts, exit]] of Object.entries(own)) {
    it(`ends with ${exit} for ${code}, in a sentence that holds its facts`, () => {
      const error = new NodeError(code as keyof NodeFacts, facts);
      expect(exitCodeOf(error)).toBe(exit);
      for (const fact of Object.values(facts)) expect(error.message).toContain(String(fact));
    });
  }

  it("tells the machine's faults, the network's, and lies apart", () => {
    expect(exitCodeOf(new HostFault("host/aborted", { reason: "SIGINT" }))).toBe(130);
    expect(exitCodeOf(new HostFault("host/store-failed", { operation: "commit", reason: "full" }))).toBe(5);
    expect(exitCodeOf(new HostFault("host/block-missing", { cid: "bafy" }))).toBe(5);
    expect(exitCodeOf(new Foreign("network/listen-failed"))).toBe(5);
    expect(exitCodeOf(new Foreign("network/timeout", "stall"))).toBe(4);
    expect(exitCodeOf(new Foreign("network/answer-malformed", "garbage"))).toBe(3);
    for (const code of ["block/ticket-invalid", "chain/link-broken", "car/block-mismatch", "cbor/trailing"]) {
      expect(exitCodeOf(new Foreign(code)), code).toBe(3);
    }
  });

  it("tells certificates that do not hold from stores that are damaged, and from wrong settings", () => {
    const exits = {
      "f3/signature-wrong": 3,
      "f3/snapshot-conflict": 3,
      "f3/store-corrupt": 5,
      "f3/store-changed": 5,
      "f3/store-other-root": 2,
      "f3/manifest-malformed": 2,
      "f3/store-instance-absent": 6,
      "f3/store-empty": 6,
    };
    for (const [code, exit] of Object.entries(exits)) expect(exitCodeOf(new Foreign(code)), code).toBe(exit);
  });

  it("ends with 1 for what has no code: that is a bug", () => {
    for (const error of [new Error("oops"), new TypeError("x"), "text", undefined, null, { code: "host/aborted" }]) {
      expect(exitCodeOf(error)).toBe(1);
    }
  });

  it("gives only codes that the table explains", () => {
    for (const exit of [0, 1, 2, 3, 4, 5, 6, 130]) expect(exitCodes[exit]?.length).toBeGreaterThan(3);
  });
});
