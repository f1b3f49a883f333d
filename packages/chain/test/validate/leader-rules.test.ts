import { checkSignatures } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { CborReader, type Fetching, runSync } from "@copse/ipld";
import { loadStateTree, type StateTree } from "@copse/state";
import { Address, AttoFil, type BlockHeader, createTipset, type Network, type Tipset } from "@copse/types";
import { upgradesAt } from "@copse/types/networks";
import { describe, expect, it } from "vitest";
import { createMint, type MintedMiner } from "../../src/mint/index.ts";
import { beaconBelow } from "../../src/validate/check-beacons.ts";
import { checkLeaders, type LeaderContext } from "../../src/validate/check-leaders.ts";
import { type StateAtHand, stateAtHand } from "../../src/validate/leader-state.ts";
import { settle } from "../../src/validate/verdict.ts";
import { changedHead, changedState, HeldBlocks, withFields } from "../fixtures/changed-state.ts";

await installFastest();
const mint = createMint({ seed: "leader rules", forks: 0, miners: 5 });
const { network, genesis } = mint;
const chain = [...mint.epochs().take(12)].flatMap((epoch) => epoch.tipset ?? []);
const [base, tipset] = chain.slice(-2) as [Tipset, Tipset];
const header = tipset.blocks[0] as BlockHeader;
const id = Address.idOf(header.miner);
const held = new HeldBlocks(genesis.state);
const root = (genesis.tipset.blocks[0] as BlockHeader).parentStateRoot;
const genesisTree = runSync(loadStateTree(root), held);
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

const at = (tree: StateTree, exact = true): StateAtHand => stateAtHand(tree, 1, exact);
const good = at(genesisTree);
const changed = (change: Parameters<typeof changedHead>[1], actor = id): StateAtHand =>
  at(changedState(held, root, new Map([[actor, changedHead(held, change)]])));
const big = (value: bigint) => (writer: { bytes(value: Uint8Array): unknown }) =>
  writer.bytes(AttoFil.encodeBigInt(value));

interface Given {
  readonly states?: Partial<LeaderContext["states"]>;
  readonly rules?: Network;
  readonly over?: Partial<BlockHeader>;
  readonly proofs?: LeaderContext["proofs"];
  readonly of?: Tipset;
  readonly on?: Tipset;
}

const check = ({ states, rules = network, over = {}, proofs, of = tipset, on = base }: Given = {}) => {
  const blocks = of.blocks.map((block, i) => (i === 0 ? { ...block, ...over } : block));
  const all = { lookback: good, leastPower: good, standing: good, ...states };
  const context = { base: on, beacon: beaconBelow(on).entry, states: all, proofs };
  const checked = runSync(checkLeaders(rules, createTipset(blocks), context), held);
  const faults = settle(checked, checkSignatures(checked.checks, { random }));
  return { ...checked, found: [...new Set(faults.map(({ code, fate }) => `${fate} ${code.slice(6)}`))].sort(), faults };
};
const whyOf = (given: Given): unknown => (check(given).faults[0]?.facts as { why?: string } | undefined)?.why;

describe("the standing of a miner", () => {
  const debt = changed({ 4: big(1n) });
  const infoWith = (elapsed: number) =>
    changed({
      0: (writer) => {
        const miner = runSync(loadInfo(genesisTree), held);
        writer.link(held.put(withFields(miner, { 9: (info) => info.int(elapsed) })));
      },
    });

  it("bars one with debt, and says so", () => {
    expect(check({ states: { standing: debt } }).found).toEqual(["invalid miner-ineligible"]);
    expect(whyOf({ states: { standing: debt } })).toBe("fee debt");
  });

  it("bars one with a consensus fault until the epoch it names is below the parents", () => {
    expect(check({ states: { standing: infoWith(base.height) } }).found).toEqual(["invalid miner-ineligible"]);
    expect(whyOf({ states: { standing: infoWith(base.height) } })).toBe("consensus fault");
    expect(check({ states: { standing: infoWith(base.height - 1) } }).found).toEqual([]);
  });

  it("is read in the parents' state, not in the lookback's", () => {
    expect(check({ states: { lookback: debt, leastPower: debt } }).found).toEqual([]);
  });

  it("is not asked for up to network version 3 of the parents", () => {
    const early: Network = { ...network, genesisVersion: 3, upgrades: [] };
    expect(check({ states: { standing: debt }, rules: early }).found).not.toContain("invalid miner-ineligible");
    const later: Network = { ...network, genesisVersion: 4, upgrades: [] };
    expect(check({ states: { standing: debt }, rules: later }).found).toContain("invalid miner-ineligible");
  });

  it("is none where the claim stands and the miner is gone", () => {
    const gone = at(changedState(held, root, new Map([[id, () => undefined]])));
    expect(check({ states: { standing: gone } }).found).toEqual(["invalid miner-unknown"]);
    expect(check({ states: { lookback: gone } }).found).toEqual(["invalid miner-unknown"]);
    expect(check({ states: { leastPower: gone } }).found).toEqual([]); // there only the claim counts
  });

  it("says nothing of the block where it is the power actor that is missing", () => {
    const without = at(changedState(held, root, new Map([[4n, () => undefined]])));
    expect(check({ states: { leastPower: without } }).found).toEqual(["unresolved state-unreadable"]);
  });

  function* loadInfo(tree: StateTree): Fetching<Uint8Array> {
    const actor = yield* tree.actors.get(Address.id(id));
    const state = new CborReader(yield actor?.head.bytes as Uint8Array);
    state.array();
    return yield state.link();
  }
});

describe("least power", () => {
  const large: Network = { ...network, minPower: 1n << 60n };
  const counted = (miners: number) => changed({ 10: (writer) => writer.int(miners) }, 4n);

  it("is wanted only once four miners have it", () => {
    expect(check({ rules: large, states: { leastPower: counted(3) } }).found).toEqual([]);
    expect(check({ rules: large, states: { leastPower: counted(4) } }).found).toEqual(["invalid miner-ineligible"]);
    expect(whyOf({ rules: large, states: { leastPower: counted(4) } })).toBe("below least power");
  });

  it("is read in the parent state of the lookback tipset alone", () => {
    const [four, three] = [counted(4), counted(3)];
    expect(check({ rules: large, states: { lookback: four, leastPower: three, standing: four } }).found).toEqual([]);
  });
});

describe("the key of the worker", () => {
  it("is the lookback state's: another's there refuses all three signatures", () => {
    const other = mint.miners.find((one) => one.address.join() !== header.miner.join()) as MintedMiner;
    const info = (worker: Uint8Array) => (writer: { link(cid: Uint8Array): unknown }) => {
      const actor = runSync(genesisTree.actors.get(Address.id(id)), held);
      const state = new CborReader(held.getSync(actor?.head.bytes as Uint8Array) as Uint8Array);
      state.array();
      writer.link(held.put(withFields(held.getSync(state.link()) as Uint8Array, { 1: (to) => to.bytes(worker) })));
    };
    const wrong = ["invalid election-proof-wrong", "invalid signature-wrong", "invalid ticket-wrong"];
    // a key itself needs no account; an ID is looked up
    expect(check({ states: { lookback: changed({ 0: info(other.worker) }) } }).found).toEqual(wrong);
    const own = mint.miners.find((one) => one.address.join() === header.miner.join()) as MintedMiner;
    expect(check({ states: { lookback: changed({ 0: info(own.worker) }) } }).found).toEqual([]);
    const nobody = changed({ 0: info(Address.id(999_999)) });
    expect(check({ states: { lookback: nobody } }).found).toEqual(["invalid worker-kind-wrong"]);
    const secp = changed({ 0: info(Address.parse("f1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za")) });
    expect(check({ states: { lookback: secp } }).found).toEqual(["invalid worker-kind-wrong"]);
  });
});

describe("the draw of a ticket", () => {
  it("takes in the parents' ticket above Smoke, and not up to it", () => {
    const before: Network = { ...network, upgrades: upgradesAt({ Smoke: tipset.height }) };
    expect(check({ rules: { ...network, upgrades: [] } }).found).toEqual([]);
    expect(check({ rules: before }).found).toEqual(["invalid ticket-wrong"]);
    const at: Network = { ...network, upgrades: upgradesAt({ Smoke: tipset.height - 1 }) };
    expect(check({ rules: at }).found).toEqual([]);
  });

  it("is of the parents' first block", () => {
    const [first, ...rest] = base.blocks as [BlockHeader];
    const other = createTipset([{ ...first, ticket: { vrfProof: new Uint8Array(96).fill(1) } }, ...rest]);
    expect(check({ on: other }).found).toEqual(["invalid ticket-wrong"]);
  });
});

describe("the weight", () => {
  const power = (total: bigint) => changed({ 2: big(total) }, 4n);

  it("is held against the power in the parents' own parent state", () => {
    expect(check().weightChecked).toBe(true);
    const off = { over: { parentWeight: header.parentWeight + 1n } };
    expect(check(off).found).toContain("invalid parent-weight-wrong");
    expect(check({ states: { standing: power(mint.totalPower * 2n) } }).found).toEqual(["invalid parent-weight-wrong"]);
    expect(check({ states: { leastPower: power(mint.totalPower * 2n) } }).found).toEqual([]);
  });

  it("is not judged by a state that stands in for another", () => {
    const checked = check({ states: { standing: at(power(mint.totalPower * 2n).tree, false) } });
    expect(checked.found).toEqual([]);
    expect(checked.weightChecked).toBe(false);
    expect(checked.leaders[0]?.state).toBe("older");
  });

  it("is nothing where no miner has power", () => {
    expect(check({ states: { standing: power(0n) } }).found).toEqual(["invalid network-without-power"]);
  });
});

describe("the lookback", () => {
  it("must lie below the parents since network version 4", () => {
    const far = (height: number) => createTipset(tipset.blocks.map((block) => ({ ...block, height })));
    expect(check({ of: far(base.height + 900) }).found).toEqual(["invalid too-many-null-rounds"]);
    expect(check({ of: far(base.height + 900) }).faults[0]?.facts).toMatchObject({ nullRounds: 899, limit: 898 });
    expect(check({ of: far(base.height + 899) }).found).not.toContain("invalid too-many-null-rounds");
  });
});

describe("win counts", () => {
  it("follow from the lookback state's power alone, and one more or less is refused", () => {
    const { winCount, vrfProof } = header.electionProof as { winCount: number; vrfProof: Uint8Array };
    for (const wrong of [winCount + 1, winCount - 1]) {
      const { found } = check({ over: { electionProof: { winCount: wrong, vrfProof } } });
      expect(found).toContain("invalid win-count-wrong");
    }
    const huge = changed({ 2: big(mint.totalPower << 40n) }, 4n); // nobody wins who has so small a share
    expect(check({ states: { lookback: huge } }).found).toEqual(["invalid win-count-wrong"]);
    expect(check({ states: { leastPower: huge } }).found).toEqual([]);
  });
});
