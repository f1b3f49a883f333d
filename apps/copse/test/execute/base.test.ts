import { createMemoryDatabase } from "@copse/blockstore";
import type { ChainStore, LinkedTipset } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import type { CidBytes } from "@copse/ipld";
import type { Network, Tipset } from "@copse/types";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type StateBase, stateBase } from "../../src/execute/base.ts";
import { type MintedChain, mintChain, storeMinted } from "../../src/local/minted-chain.ts";

let chain: MintedChain;
let store: ChainStore;
let make: (differs?: Partial<Parameters<typeof stateBase>[0]>) => StateBase;
let asked: number;
let clock: number;

beforeAll(async () => {
  chain = await mintChain(createMint({ seed: "base", miners: 2 }), 12, () => {}, new AbortController().signal);
});
beforeEach(async () => {
  const database = createMemoryDatabase();
  store = await storeMinted(chain, database);
  asked = 0;
  clock = 0;
  const states = {
    async getBytes(cid: CidBytes) {
      asked++;
      return store.reader.getSync(cid);
    },
  };
  const needs = { network: chain.mint.network, database, reader: store.reader, states, hasAllMessages: true };
  make = (differs) => stateBase({ ...needs, now: () => clock, ...differs });
});

const top = (): Tipset => (chain.tipsets.at(-1) as (typeof chain.tipsets)[number]).tipset;
const versioned = (genesisVersion: number): Network => ({ ...chain.mint.network, genesisVersion, upgrades: [] });

describe("stateBase", () => {
  it("takes no genesis state that nothing can execute, and asks for it again only after a while", async () => {
    const base = make();
    expect(await base.find()).toEqual({ reason: expect.stringMatching(/it has no actor f02$/) });
    const once = asked;
    expect(once).toBeGreaterThan(10);
    await base.find();
    expect(asked).toBe(once);
    clock += 60_000;
    await base.find();
    expect(asked).toBe(2 * once);
  });

  it("says which block of it is nowhere to be had", async () => {
    const base = make({ states: { getBytes: async () => undefined } });
    expect(await base.find()).toEqual({ reason: expect.stringMatching(/^block bafy\w+ of the genesis state/) });
  });

  it("begins with what a file brought, as long as the chain holds it", async () => {
    const base = make();
    await base.imported(top().key);
    expect(await base.find()).toEqual({ from: top().height });
    expect(base.isAt(store.reader.tipset(top().key) as LinkedTipset)).toBe(true);
    expect(base.isAt(store.reader.tipsetAt(0) as LinkedTipset)).toBe(false);
    const below = store.reader.tipsetAt(top().height - 1, "previous") as LinkedTipset;
    await store.switchHead(below.key);
    expect(await base.find()).toEqual({ reason: expect.stringContaining("has left tipset") });
  });

  it("begins with nothing that the VM does not execute", async () => {
    for (const version of [15, 99]) {
      const base = make({ network: versioned(version) });
      await base.imported(top().key);
      expect(await base.find()).toEqual({ reason: expect.stringContaining(`network version ${version} is not`) });
    }
  });

  it("does not begin with genesis where messages are missing by choice", async () => {
    expect(await make({ hasAllMessages: false }).find()).toEqual({ reason: expect.stringContaining("--messages all") });
    expect(asked).toBe(0);
  });
});
