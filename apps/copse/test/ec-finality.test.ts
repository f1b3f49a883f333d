import { createMemoryDatabase } from "@copse/blockstore";
import { openChainStore } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { createEcFinality } from "@copse/chain/rules";
import { describe, expect, it } from "vitest";
import { ecFinality } from "../src/ec-finality.ts";
import { mintChain, storeMinted } from "../src/local/minted-chain.ts";

const signal = new AbortController().signal;

describe("finality by the count of blocks", () => {
  it("is told of the stored head, null rounds counted, as the calculator has it", async () => {
    const mint = createMint({ seed: "ec finality", signatures: "none", miners: 20, blocks: 5, forks: 0 });
    const chain = await mintChain(mint, 950, () => {}, signal);
    const store = await storeMinted(chain, createMemoryDatabase());
    const head = store.head?.height as number;
    const counts = new Array<number>(905).fill(0);
    for (const { tipset } of chain.tipsets) counts[tipset.height - (head - 904)] = tipset.blocks.length;
    const depth = createEcFinality().thresholdDepth(counts) as number;
    expect(depth).toBeGreaterThan(15);
    expect(depth).toBeLessThan(60);
    const final = chain.tipsets.findLast(({ tipset }) => tipset.height <= head - depth)?.tipset;
    const status = ecFinality(store);
    expect(status).toEqual({
      ecFinalityThresholdDepth: depth,
      ecFinalizedTipSet: { Cids: final?.cids.map((cid) => ({ "/": `${cid}` })), Height: final?.height },
    });
    expect(ecFinality(store)).toBe(status); // once for each head
  });

  it("is -1 and none where blocks are too few", async () => {
    const mint = createMint({ seed: "thin", signatures: "none", miners: 2, blocks: 0.5, forks: 0 });
    const store = await storeMinted(await mintChain(mint, 100, () => {}, signal), createMemoryDatabase());
    expect(ecFinality(store)).toEqual({ ecFinalityThresholdDepth: -1, ecFinalizedTipSet: null });
  });

  it("is nothing without a head", async () => {
    const genesis = new Uint8Array(38);
    expect(ecFinality(await openChainStore(createMemoryDatabase(), { genesis }))).toBeUndefined();
  });
});
