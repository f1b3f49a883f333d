import { createMemoryDatabase } from "@copse/blockstore";
import { type ChainStore, type LinkedTipset, linkRules, linkRun } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { type Network, TipsetKey } from "@copse/types";
import { beforeAll, describe, expect, it } from "vitest";
import { type MintedChain, mintChain, storeMinted } from "../../src/local/minted-chain.ts";
import { type BranchReader, firstFrom, leaderPlaces, withTipsets } from "../../src/sync/leader-branch.ts";
import { forgeFork } from "../forged-fork.ts";

const signal = new AbortController().signal;
const parting = 30;
let early: Network; // of network version 3, whose lookback is ten epochs
let chain: MintedChain;
let store: ChainStore;
let fork: readonly LinkedTipset[];
let reader: BranchReader;

beforeAll(async () => {
  const mint = createMint({ seed: "branches", signatures: "none", miners: 3, forks: 0 });
  chain = await mintChain(mint, 60, () => {}, signal);
  store = await storeMinted(chain, createMemoryDatabase());
  early = { ...mint.network, genesisVersion: 3, upgrades: [] };
  const top = chain.tipsets.at(-1)?.tipset.height as number;
  const { tipsets } = forgeFork(chain, mint, { from: parting, to: top, states: "claims" });
  const above = tipsets.filter(({ tipset }) => tipset.height > parting).reverse();
  const slices = above.map(({ blocks }) => ({ headers: blocks.map(({ bytes }) => bytes) }));
  fork = linkRun({ key: above[0]?.tipset.key ?? TipsetKey.empty }, slices, linkRules(mint.network)).linked;
  reader = withTipsets(store.reader, new Map(fork.map((one) => [TipsetKey.key(one.key), one])));
});

const isOfFork = (tipset: LinkedTipset | undefined): boolean => tipset !== undefined && fork.includes(tipset);

describe("where leaders are looked up", () => {
  it("is their own branch, not what stands at those heights on the stored chain", () => {
    const [tip] = fork as [LinkedTipset];
    const places = leaderPlaces(early, tip, reader);
    expect(isOfFork(places?.lookback)).toBe(true);
    expect(places?.lookback?.height).toBe(tip.height - 9); // the fork has no null rounds
    expect(isOfFork(places?.leastPower)).toBe(true);
    expect(isOfFork(places?.standing)).toBe(true);
  });

  it("is the stored chain below the place where the branch parts from it", () => {
    const low = fork.find(({ height }) => height === parting + 5) as LinkedTipset;
    const places = leaderPlaces(early, low, reader);
    expect(places?.lookback).toEqual(store.reader.tipsetAt(parting + 5 - 9, "next"));
    expect(isOfFork(places?.standing)).toBe(true);
    const today = leaderPlaces(chain.mint.network, low, reader);
    expect(today?.lookback).toEqual(store.reader.tipsetAt(1, "next"));
    expect(today?.leastPower?.height).toBe(0);
  });

  it("is the tipset's own parent state where null rounds reach past the lookback", () => {
    const far = { ...(fork[0] as LinkedTipset), height: 5000 };
    expect(leaderPlaces(early, far, reader)?.lookback).toBe(far);
  });

  it("is unknown where the way down is", () => {
    const unlinked = {
      ...(fork[0] as LinkedTipset),
      parents: TipsetKey.fromCids([chain.mint.network.genesisCid]).slice(),
    };
    unlinked.parents[20] = (unlinked.parents[20] as number) ^ 1;
    expect(leaderPlaces(early, unlinked as LinkedTipset, reader)).toBeUndefined();
    expect(firstFrom(reader, unlinked as LinkedTipset, 10)).toBeUndefined();
    expect(firstFrom(reader, fork[0] as LinkedTipset, 5000)).toBeUndefined();
  });
});
