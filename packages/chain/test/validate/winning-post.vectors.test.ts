import { runSync } from "@copse/ipld";
import { count, isEmpty } from "@copse/ipld/bitfield";
import { loadStateTree } from "@copse/state";
import { provingSectors } from "@copse/state/miner";
import { describeData, readData } from "@copse/testkit";
import { Address, type BlockHeader, mainnet, type Tipset } from "@copse/types";
import { beforeAll, expect, it } from "vitest";
import { beaconBelow } from "../../src/validate/check-beacons.ts";
import { checkLeaders } from "../../src/validate/check-leaders.ts";
import { stateAtHand } from "../../src/validate/leader-state.ts";
import type { WinningPostInfo } from "../../src/validate/winning-post.ts";
import { type Export40, export40, readExport40 } from "../export40.ts";

// What a verifier is asked on a real chain; the proofs themselves nothing here verifies.
describeData("winning proofs of mainnet's first forty epochs", [export40], () => {
  let chain: Export40;
  beforeAll(() => {
    chain = readExport40(readData(export40));
  });

  const run = (answer: (info: WinningPostInfo) => boolean) => {
    const [genesis, ...above] = chain.tipsets as [Tipset];
    const { reader } = chain;
    const tree = runSync(loadStateTree((genesis.blocks[0] as BlockHeader).parentStateRoot), reader);
    const lookback = stateAtHand(tree, 0, true); // as if: the sectors of the winners are those of genesis still
    let [base, below] = [genesis, beaconBelow(genesis)];
    const found: ReturnType<typeof checkLeaders> extends Generator<unknown, infer R> ? R[] : never = [];
    for (const tipset of above) {
      const context = { base, beacon: below.entry, states: { lookback }, proofs: { verifyWinningPost: answer } };
      found.push(runSync(checkLeaders(mainnet, tipset, context), reader));
      [base, below] = [tipset, beaconBelow(tipset, below)];
    }
    return { found, tree, reader };
  };

  it("are about one sector each, of those that count for the miner", () => {
    const asked: WinningPostInfo[] = [];
    const { found, tree, reader } = run((info) => asked.push(info) > 0);
    expect(asked).toHaveLength(48);
    expect(found.flatMap(({ leaders }) => leaders).every(({ winningProof }) => winningProof === "verified")).toBe(true);
    for (const { randomness, proofs, sectors, prover } of asked) {
      expect(randomness).toHaveLength(32);
      expect(randomness[31]).toBeLessThan(0x40);
      expect(proofs).toHaveLength(1);
      expect(proofs[0]).toMatchObject({ postProof: 3 }); // winning, 32 GiB
      expect(proofs[0]?.proof).toHaveLength(192);
      expect(sectors).toHaveLength(1);
      expect(sectors[0]?.sealProof).toBe(3); // 32 GiB
      // CommR: fil-commitment-sealed, poseidon
      expect(Array.from(sectors[0]?.sealedCid.subarray(0, 7) ?? [])).toEqual([1, 0x82, 0xe2, 3, 0x81, 0xe8, 2]);
      const all = runSync(provingSectors(tree, Address.id(prover), "not-faulty"), reader);
      expect(isEmpty(all)).toBe(false);
      expect(count(all)).toBe(count(runSync(provingSectors(tree, Address.id(prover), "active"), reader)));
    }
    expect(new Set(asked.map(({ sectors }) => sectors[0]?.sectorNumber)).size).toBeGreaterThan(20);
  });

  it("refuse the block where the verifier does, and leave it unchecked without one", () => {
    const { found } = run(() => false);
    const codes = found.flatMap(({ faults }) => faults.map(({ code, fate }) => `${fate} ${code}`));
    expect(codes.filter((one) => one === "invalid block/winning-proof-wrong")).toHaveLength(48);
  });
});
