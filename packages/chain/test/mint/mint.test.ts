import { installFastest } from "@copse/crypto/fastest";
import { equalBytes } from "@copse/primitives";
import { createTipset, decodeSignedMessage, type Tipset, TipsetKey } from "@copse/types";
import { beforeAll, describe, expect, it } from "vitest";
import { createMint, MintError, type MintedEpoch } from "../../src/mint/index.ts";
import { inferLog2Power, log2Power, tipsetWeight } from "../../src/rules/weight.ts";
import { type Full, verifyAll } from "./verify-minted.ts";

const epochs = 90;
const mint = createMint({ seed: "test", forks: 1 });
let chain: readonly MintedEpoch[];

beforeAll(async () => {
  await installFastest();
  chain = [...mint.epochs().take(epochs)];
});

const full = (tipset: Tipset, blocks: MintedEpoch["blocks"]): Full => ({
  tipset,
  messages: blocks.map(({ messages }) => messages),
});
const genesis: Full = { tipset: mint.genesis.tipset, messages: [{ bls: [], secp: [] }] };
const mainChain = (): readonly Full[] =>
  chain.flatMap(({ tipset, blocks }) => (tipset === undefined ? [] : [full(tipset, blocks)]));

const winsOf = (tipset: Tipset): number =>
  tipset.blocks.reduce((sum, block) => sum + (block.electionProof?.winCount ?? 0), 0);
const log2 = log2Power(mint.totalPower) as number;

// The parents of a fork's first tipset: a tipset of the chain without one of its blocks.
function partOf(all: readonly MintedEpoch[], tipset: Tipset): Full {
  const wanted = TipsetKey.cids(tipset.parents).map(String);
  for (const epoch of all) {
    const kept = (epoch.tipset?.cids ?? []).flatMap((cid, i) => (wanted.includes(`${cid}`) ? [i] : []));
    if (epoch.tipset === undefined || kept.length !== wanted.length) continue;
    const { tipset: whole, blocks } = epoch;
    const part = createTipset(
      kept.flatMap((i) => whole.blocks[i] ?? []),
      kept.flatMap((i) => whole.cids[i] ?? []),
    );
    return full(
      part,
      kept.flatMap((i) => blocks[i] ?? []),
    );
  }
  throw new Error("the fork does not begin at the chain");
}

describe("a minted chain", () => {
  it("passes every check: headers, beacons, leaders, weights, messages, base fees", () => {
    expect(verifyAll(mint, genesis, mainChain())).toEqual([]);
  });

  it("holds null rounds, tipsets of several blocks and messages of every kind", () => {
    const tipsets = mainChain();
    expect(tipsets.length).toBeLessThan(epochs);
    expect(Math.max(...tipsets.map(({ tipset }) => tipset.blocks.length))).toBeGreaterThan(1);
    const messages = tipsets.flatMap((one) => one.messages);
    expect(messages.some(({ bls }) => bls.length > 0)).toBe(true);
    const kinds = new Set(
      messages.flatMap(({ secp }) => secp.map((bytes) => decodeSignedMessage(bytes).signature.type)),
    );
    expect(kinds).toEqual(new Set([1, 3]));
    expect(new Set(tipsets.map(({ tipset }) => tipset.blocks[0]?.parentBaseFee)).size).toBeGreaterThan(10);
  });

  it("links by parents, and names its genesis", () => {
    let parent = mint.genesis.tipset;
    expect(equalBytes(TipsetKey.fromCids([mint.network.genesisCid]), parent.key)).toBe(true);
    for (const { tipset } of mainChain()) {
      expect(tipset.parents).toEqual(parent.key);
      const gain = (tipset.blocks[0]?.parentWeight ?? 0n) - (parent.blocks[0]?.parentWeight ?? 0n);
      expect(inferLog2Power(gain, winsOf(parent))).toBe(log2);
      parent = tipset;
    }
  });

  it("holds forks that are valid and lighter than the chain in every epoch", () => {
    const forks = chain.filter(({ fork }) => fork !== undefined);
    expect(forks.length).toBeGreaterThan(2);
    const known = new Map<string, Full>();
    const weight = (tipset: Tipset): bigint => tipsetWeight(tipset.blocks[0]?.parentWeight ?? 0n, log2, winsOf(tipset));
    let head = mint.genesis.tipset;
    for (const { tipset, fork, blocks } of chain) {
      if (tipset !== undefined) head = tipset;
      if (fork !== undefined) {
        expect(weight(fork.tipset)).toBeLessThan(weight(head));
        const base = known.get(TipsetKey.key(fork.tipset.parents)) ?? partOf(chain, fork.tipset);
        expect(verifyAll(mint, base, [full(fork.tipset, fork.blocks)])).toEqual([]);
        known.set(TipsetKey.key(fork.tipset.key), full(fork.tipset, fork.blocks));
      }
      if (tipset !== undefined) known.set(TipsetKey.key(tipset.key), full(tipset, blocks));
    }
  });

  it("is the same whenever it is made, and another for another seed", () => {
    const again = [...createMint({ seed: "test", forks: 1 }).epochs().take(5)];
    expect(again.map(({ blocks }) => blocks)).toEqual(chain.slice(0, 5).map(({ blocks }) => blocks));
    const other = createMint({ seed: "other" });
    expect(other.network.genesisCid.equals(mint.network.genesisCid)).toBe(false);
  });

  it("without signatures is linked all the same", () => {
    const fast = createMint({ seed: "fast", signatures: "none", miners: 5, blocks: 3 });
    let parent = fast.genesis.tipset;
    let height = 0;
    for (const epoch of fast.epochs().take(300)) {
      expect(epoch.height).toBe(++height);
      if (epoch.tipset === undefined) continue;
      expect(epoch.tipset.parents).toEqual(parent.key);
      parent = epoch.tipset;
    }
    expect(parent.height).toBeGreaterThan(290);
  });

  it("refuses options out of range", () => {
    expect(() => createMint({ seed: "x", miners: 0 })).toThrow(MintError);
    expect(() => createMint({ seed: "x", blocks: 6 })).toThrow(/blocks is 6/);
  });
});
