import { createMemoryDatabase } from "@copse/blockstore";
import { TipsetKey } from "@copse/types";
import { beforeAll, describe, expect, it } from "vitest";
import { chainRandomness } from "../../src/execute/chain-externs.ts";
import { lookUpTipset } from "../../src/execute/chain-view.ts";
import { nextBaseFee } from "../../src/execute/next-base-fee.ts";
import { storedView } from "../../src/execute/stored-view.ts";
import { linkRules } from "../../src/link/link-rules.ts";
import { linkRun } from "../../src/link/link-run.ts";
import { createMint } from "../../src/mint/create-mint.ts";
import type { MintedEpoch } from "../../src/mint/parent.ts";
import { type ChainStore, openChainStore } from "../../src/store/chain-store.ts";
import { checkMessages } from "../../src/validate/check-messages.ts";

const mint = createMint({ seed: "stored view", miners: 4, forks: 1 });
const { network } = mint;
const epochs: MintedEpoch[] = [...mint.epochs().take(60)];
const main = [mint.genesis.tipset, ...epochs.flatMap(({ tipset }) => tipset ?? [])];
const forks = epochs.flatMap(({ fork }) => fork ?? []);
const bytesOf = [
  { bytes: mint.genesis.bytes },
  ...epochs.flatMap(({ tipset, blocks }) => (tipset ? [blocks] : [])),
].map((blocks) => ({ headers: (Array.isArray(blocks) ? blocks : [blocks]).map(({ bytes }) => bytes) }));

/** A store of the chain down to a place, with all forks beside it. */
async function stored(from = 0): Promise<ChainStore> {
  const store = await openChainStore(createMemoryDatabase(), { genesis: network.genesisCid.bytes });
  const head = main.at(-1) as (typeof main)[number];
  const { id } = await store.openSpan({ key: head.key });
  const rules = linkRules(network);
  await store.appendRun(id, linkRun({ key: head.key }, bytesOf.slice(from).reverse(), rules));
  while ((await store.indexBlocks()) > 0);
  for (const { tipset, blocks } of forks) {
    const window = [{ headers: blocks.map(({ bytes }) => bytes) }];
    await store.keepAside(linkRun({ key: tipset.key }, window, rules).linked);
  }
  return store;
}

describe("storedView", () => {
  let store: ChainStore;
  beforeAll(async () => {
    store = await stored();
  });

  it("looks heights up as a walk down the chain does, null rounds and all", () => {
    const view = storedView(store.reader, (main.at(-1) as (typeof main)[number]).key);
    for (let height = 0; height <= view.head.height; height++) {
      const above = main.find((tipset) => tipset.height >= height);
      const below = main.findLast((tipset) => tipset.height <= height);
      expect(lookUpTipset(view, height, "above").key).toEqual(above?.key);
      expect(lookUpTipset(view, height, "below").key).toEqual(below?.key);
    }
    expect(chainRandomness(view, 30)).toHaveLength(32);
  });

  it("follows a fork down to where it left the chain", () => {
    const fork = forks.find(({ tipset }) => forks.some((other) => TipsetKey.equals(other.tipset.key, tipset.parents)));
    const { tipset } = fork ?? (forks[0] as (typeof forks)[number]);
    const view = storedView(store.reader, tipset.key);
    const walked = [view.head];
    for (let at = view.parentsOf(view.head); at !== undefined; at = view.parentsOf(at)) walked.push(at);
    expect(walked.at(-1)?.height).toBe(0);
    for (let height = 0; height <= tipset.height; height++) {
      const expected = walked.findLast((one) => one.height >= height);
      expect(view.atOrAbove(height).key).toEqual(expected?.key);
    }
  });

  it("takes no gap for null rounds: what is not stored is a fault of this machine", async () => {
    const short = await stored(20);
    const view = storedView(short.reader, (main.at(-1) as (typeof main)[number]).key);
    expect(view.atOrAbove(main[20]?.height as number).key).toEqual(main[20]?.key);
    expect(() => view.atOrAbove(1)).toThrow(expect.objectContaining({ code: "host/block-missing" }));
    const lowest = view.atOrAbove(main[20]?.height as number);
    expect(() => view.parentsOf(lowest)).toThrow(expect.objectContaining({ code: "host/block-missing" }));
    expect(() => storedView(short.reader, main[3]?.key as TipsetKey)).toThrow(
      expect.objectContaining({ code: "chain/tipset-unknown" }),
    );
  });
});

describe("nextBaseFee", () => {
  it("is what the rules of messages give, by both formulas", () => {
    for (const { tipset, blocks } of [...epochs, ...forks]) {
      if (tipset === undefined) continue;
      const messages = blocks.map((block) => block.messages);
      expect(nextBaseFee(network, tipset, messages)).toBe(checkMessages(network, tipset, messages).nextBaseFee);
    }
  });
});
