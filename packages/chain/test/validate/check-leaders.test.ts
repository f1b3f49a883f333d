import { checkSignatures } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { cidKey, runSync, type SyncBlockReader } from "@copse/ipld";
import { HostFault } from "@copse/primitives";
import { buildGenesisState, loadStateTree } from "@copse/state";
import { type Address, type BlockHeader, createTipset, mainnet, type Network, type Tipset } from "@copse/types";
import { describe, expect, it } from "vitest";
import { createMint, type MintedMiner } from "../../src/mint/index.ts";
import { beaconBelow } from "../../src/validate/check-beacons.ts";
import { checkHeader } from "../../src/validate/check-header.ts";
import { checkLeaders, type LeaderStates } from "../../src/validate/check-leaders.ts";
import { checkParentWeight } from "../../src/validate/check-weight.ts";
import { sayBlockFault } from "../../src/validate/errors.ts";
import { type StateAtHand, stateAtHand } from "../../src/validate/leader-state.ts";
import { blockError, settle, verdictOf } from "../../src/validate/verdict.ts";

await installFastest();
const mint = createMint({ seed: "leaders", forks: 0 });
const { network, genesis } = mint;
const [base, tipset] = [...mint.epochs().take(10)].flatMap((epoch) => epoch.tipset ?? []) as [Tipset, Tipset];
const header = tipset.blocks[0] as BlockHeader;
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const readerOf = (blocks: readonly (readonly [Uint8Array, Uint8Array])[]): SyncBlockReader => {
  const held = new Map(blocks.map(([cid, bytes]) => [cidKey(cid), bytes]));
  return { getSync: (cid) => held.get(cidKey(cid)) };
};
const reader = readerOf(genesis.state);
const tree = runSync(loadStateTree((genesis.tipset.blocks[0] as BlockHeader).parentStateRoot), reader);
const state = (exact = true): StateAtHand => stateAtHand(tree, 0, exact);
const sameFor = (all: StateAtHand): LeaderStates => ({ lookback: all, leastPower: all, standing: all });

const run = (
  over: Partial<BlockHeader> = {},
  states = sameFor(state()),
  rules: Network = network,
  from = reader,
): readonly string[] => {
  const context = { base, beacon: beaconBelow(base).entry, states };
  const checked = runSync(checkLeaders(rules, createTipset([{ ...header, ...over }]), context), from);
  return settle(checked, checkSignatures(checked.checks, { random })).map(({ code, fate }) => `${fate} ${code}`);
};
/** Another state of the same miners. */
const otherState = (change: (miner: MintedMiner) => { worker?: Address; power?: bigint } | undefined) => {
  const miners = mint.miners.flatMap((miner) => {
    const changed = change(miner);
    const power = changed?.power ?? miner.power;
    return changed === undefined
      ? []
      : [
          {
            id: miner.id,
            worker: changed.worker ?? miner.worker,
            rawBytePower: power,
            qualityAdjPower: power,
            sectorSize: 2 ** 35,
          },
        ];
  });
  const { root, blocks } = buildGenesisState({ networkName: "other", miners, accounts: [] });
  const from = readerOf(blocks);
  return { from, states: sameFor(stateAtHand(runSync(loadStateTree(root), from), 3, true)) };
};

describe("checkLeaders", () => {
  it("accepts true leaders", () => {
    expect(run()).toEqual([]);
  });

  it("falls back on the lookback state for the others, as one that is not exact", () => {
    expect(run({}, { lookback: state() })).toEqual([]);
  });

  it("names what a leader did not sign", () => {
    const other = (tipset.blocks[0] as BlockHeader).electionProof?.vrfProof as Uint8Array;
    const signature = "invalid block/signature-wrong";
    expect(run({ timestamp: header.timestamp + 1 })).toEqual([signature]);
    expect(run({ ticket: { vrfProof: other } })).toEqual([signature, "invalid block/ticket-wrong"]);
    expect(run({ blockSig: { type: 1, data: header.blockSig?.data as Uint8Array } })).toEqual([signature]);
    const ticket = header.ticket?.vrfProof as Uint8Array;
    const winCount = header.electionProof?.winCount ?? 1;
    const faults = run({ electionProof: { winCount, vrfProof: ticket } });
    expect(faults).toContain("invalid block/election-proof-wrong");
    expect(faults).toContain(signature);
  });

  it("knows the wins of a proof", () => {
    const proof = header.electionProof as { winCount: number; vrfProof: Uint8Array };
    const more = run({ electionProof: { ...proof, winCount: proof.winCount + 1 } });
    expect(more).toEqual(["invalid block/win-count-wrong", "invalid block/signature-wrong"]);
    const none = run({ electionProof: { ...proof, winCount: 0 } });
    expect(none).toContain("invalid block/not-a-winner");
    expect(none).toContain("invalid block/win-count-wrong");
  });

  it("says that a field is missing", () => {
    expect(run({ electionProof: null })).toEqual(["invalid block/field-missing"]);
    expect(run({ blockSig: null })).toEqual(["invalid block/field-missing"]);
  });

  it("leaves a failure against an older state unresolved", () => {
    const states = sameFor(state(false));
    expect(run({ timestamp: 1 }, states)).toEqual(["unresolved block/signature-wrong"]);
    expect(run({}, states)).toEqual([]);
  });

  it("refuses miners that the state does not know, or that have no power", () => {
    const without = otherState((miner) => (miner.address.join() === header.miner.join() ? undefined : {}));
    const unknown = "invalid block/miner-unknown";
    expect(run({}, without.states, network, without.from)).toEqual([unknown]);
    const poor = otherState((miner) => (miner.address.join() === header.miner.join() ? { power: 0n } : {}));
    expect(new Set(run({}, poor.states, network, poor.from))).toEqual(
      new Set(["invalid block/miner-ineligible", "invalid block/win-count-wrong"]),
    );
  });

  it("refuses miners below the least power once four have it", () => {
    const large = { ...network, minPower: 1n << 60n };
    expect(run({}, sameFor(state()), large)).toEqual(["invalid block/miner-ineligible"]);
  });

  it("does not judge by a state it cannot read", () => {
    const gone = otherState(() => ({}));
    const nothing: SyncBlockReader = { getSync: () => undefined };
    expect(run({}, gone.states, network, nothing)[0]).toBe("unresolved block/state-missing");
    const closed: SyncBlockReader = {
      getSync: () => {
        throw new HostFault("host/store-failed", { operation: "read", reason: "closed" });
      },
    };
    expect(() => run({}, otherState(() => ({})).states, network, closed)).toThrow(HostFault);
  });
});

describe("checkParentWeight", () => {
  it("weighs the parents by the power of their state", () => {
    const power = mint.totalPower;
    expect(checkParentWeight(tipset, base, power).faults).toEqual([]);
    const codes = checkParentWeight(tipset, base, power * 2n).faults.map(({ code }) => code);
    expect(codes).toEqual(tipset.blocks.map(() => "block/parent-weight-wrong"));
  });
});

describe("checkHeader", () => {
  const cid = tipset.cids[0] as NonNullable<(typeof tipset.cids)[0]>;
  const codes = (over: Partial<BlockHeader>, now?: number, headHeight?: number): readonly string[] =>
    checkHeader(network, { ...header, ...over }, cid, { now, headHeight }).map(({ code, fate }) => `${fate} ${code}`);

  it("accepts a true header at its time", () => {
    expect(codes({}, header.timestamp, header.height - 1)).toEqual([]);
  });

  it("names what is missing or wrong", () => {
    const missing = "invalid block/field-missing";
    expect(codes({ ticket: null, electionProof: null, blockSig: null, blsAggregate: null })).toEqual([
      missing,
      missing,
      missing,
      missing,
    ]);
    expect(codes({ miner: mint.miners[0]?.worker as Address })).toEqual(["invalid block/miner-not-id"]);
    expect(codes({ electionProof: { winCount: 16, vrfProof: new Uint8Array() } })).toEqual([
      "invalid block/not-a-winner",
    ]);
    expect(codes({ timestamp: header.timestamp + 1 })).toEqual(["invalid block/timestamp-wrong"]);
  });

  it("waits for the future, and looks away from what is final", () => {
    expect(codes({}, header.timestamp - 2)).toEqual(["wait block/from-future"]);
    expect(codes({}, header.timestamp - 1)).toEqual([]);
    expect(codes({}, header.timestamp, header.height + 901)).toEqual(["wait block/out-of-range"]);
  });

  it("is put in words and thrown where wanted", () => {
    const [found] = checkHeader(mainnet, header, cid);
    if (found === undefined) throw new Error("mainnet has other times");
    expect(sayBlockFault(found.code, found.facts)).toBe(
      `block ${cid} at height ${header.height}: timestamp ${header.timestamp} s, expected ${mainnet.genesisTime + 30 * header.height} s`,
    );
    expect(blockError(found)).toMatchObject({ name: "BlockError", code: "block/timestamp-wrong" });
    expect(verdictOf([found])).toMatchObject({ kind: "invalid", fault: found });
    expect(verdictOf([])).toEqual({ kind: "ok" });
  });
});
