import { createMemoryDatabase } from "@copse/blockstore";
import { type ChainStore, openChainStore, readStoredMessages } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import type { ChainSource } from "@copse/network";
import { decodeBlockHeader, TipsetKey } from "@copse/types";
import { beforeAll, describe, expect, it } from "vitest";
import { type MintedChain, type MintedTipset, mintChain, storeMinted } from "../src/local/minted-chain.ts";
import { servedChain } from "../src/serve.ts";

let chain: MintedChain;
let store: ChainStore;
let database: ReturnType<typeof createMemoryDatabase>;
let served: ChainSource;
let many: MintedTipset;

beforeAll(async () => {
  const mint = createMint({ seed: "serve", miners: 3, blocks: 3 });
  chain = await mintChain(mint, 12, () => {}, new AbortController().signal);
  database = createMemoryDatabase();
  store = await storeMinted(chain, database);
  served = servedChain(store.reader);
  many = chain.tipsets.find(
    ({ blocks }) =>
      blocks.length > 1 && blocks.every(({ messages }) => messages.bls.length > 0 && messages.secp.length > 0),
  ) as MintedTipset;
});

const messagesOf = (header: Uint8Array): Awaited<ReturnType<NonNullable<ChainSource["messages"]>>> =>
  served.messages?.(header, new Uint8Array()) as Awaited<ReturnType<NonNullable<ChainSource["messages"]>>>;

describe("servedChain", () => {
  it("gives every tipset of the chain, as its bytes", async () => {
    for (const { tipset, blocks } of chain.tipsets) {
      const given = await served.tipset(tipset.key);
      expect(given?.headers).toEqual(blocks.map(({ bytes }) => bytes));
      expect(given?.height).toBe(tipset.height);
    }
  });

  it("gives no part of a tipset by another key, and nothing that is not linked", async () => {
    const [first, second] = many.tipset.cids;
    expect(await served.tipset(TipsetKey.empty)).toBeUndefined();
    for (const cids of [[first], [second], many.tipset.cids.toReversed()]) {
      const given = await served.tipset(TipsetKey.fromCids(cids as (typeof many.tipset.cids)[number][]));
      // what it gives, if anything, is what was asked for
      if (given !== undefined) expect(given.headers.length).toBe(cids.length);
    }
    const fork = chain.forks[0];
    if (fork !== undefined) expect(await served.tipset(fork.tipset.key)).toBeUndefined();
  });

  it("gives the messages of a block, in its order", async () => {
    for (const { bytes, messages } of many.blocks) {
      const given = await messagesOf(bytes);
      expect(given?.bls.map((one) => ("bytes" in one ? one.bytes : one))).toEqual(messages.bls);
      expect(given?.secp.map((one) => ("bytes" in one ? one.bytes : one))).toEqual(messages.secp);
    }
  });

  it("gives none where one of them is missing, and the tipset still", async () => {
    const bare = createMemoryDatabase();
    const whole = await storeMinted(chain, bare);
    const [block] = many.blocks as [MintedTipset["blocks"][number]];
    const stored = readStoredMessages(bare.blocks, decodeBlockHeader(block.bytes).messages.bytes);
    bare.blocks.deleteSync(stored?.secp.at(-1)?.cid as Uint8Array);
    const partial = servedChain(whole.reader);
    expect(partial.messages?.(block.bytes, new Uint8Array())).toBeUndefined();
    const other = chain.tipsets.findLast(({ tipset }) => tipset.height !== many.tipset.height)?.blocks[0];
    expect(partial.messages?.(other?.bytes as Uint8Array, new Uint8Array())).toBeDefined();
    expect(await partial.tipset(many.tipset.key)).toBeDefined();
  });

  it("gives nothing for what is no header", () => {
    for (const bytes of [new Uint8Array(), Uint8Array.of(0x90), many.blocks[0]?.messages.bls[0] as Uint8Array]) {
      expect(messagesOf(bytes)).toBeUndefined();
    }
  });

  it("gives nothing from an empty store", async () => {
    const genesis = chain.mint.network.genesisCid;
    const empty = await openChainStore(createMemoryDatabase(), { genesis: genesis.bytes });
    expect(await servedChain(empty.reader).tipset(TipsetKey.fromCids([genesis]))).toBeUndefined();
  });
});
