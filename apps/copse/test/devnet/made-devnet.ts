import { forgeHeader, mintedMiners } from "@copse/chain/mint";
import { createGossip, createHost, emptyChainSource, serveExchange, serveHello } from "@copse/network";
import { actorsDir } from "@copse/testkit";
import { type AttoFil, type BlockHeader, createTipset, encodeBlockHeader, TipsetKey } from "@copse/types";
import { executedChain } from "../../src/devnet/executed-chain.ts";
import { makeDevnet } from "../../src/devnet/make-devnet.ts";
import type { MintedChain, MintedTipset } from "../../src/local/minted-chain.ts";
import { blockMessages } from "../following-node.ts";

/** An executed chain of a network version, made on a thread. */
export async function madeDevnet(networkVersion: number, epochs: number, seed: string): Promise<MintedChain> {
  const folders = { actors: actorsDir, modules: undefined, actorsNetwork: "mainnet" };
  const task = { networkVersion, epochs, seed, miners: undefined, ...folders };
  return executedChain(await makeDevnet(task, () => {}, new AbortController().signal), epochs);
}

/** What a tampered header is refused for, and how it is tampered with. */
export interface Tampering {
  readonly code: string;
  readonly change: (header: BlockHeader, parent: BlockHeader, grandparent: BlockHeader) => Partial<BlockHeader>;
}

const { raise } = {
  raise: (header: BlockHeader): Partial<BlockHeader> => ({
    electionProof: {
      winCount: 1 + (header.electionProof?.winCount ?? 0),
      vrfProof: header.electionProof?.vrfProof ?? new Uint8Array(),
    },
  }),
};

/** One field each, of those that only state and execution can judge. */
export const tamperings: Readonly<Record<string, Tampering>> = {
  "state root": {
    code: "block/parent-state-wrong",
    change: (_, parent) => ({ parentStateRoot: parent.parentStateRoot }), // a state there is, one tipset too old
  },
  "receipts root": {
    code: "block/parent-receipts-wrong",
    change: ({ messages }) => ({ parentMessageReceipts: messages }),
  },
  "base fee": {
    code: "block/base-fee-wrong",
    change: ({ parentBaseFee }) => ({ parentBaseFee: (parentBaseFee + 1n) as AttoFil }),
  },
  weight: {
    code: "block/parent-weight-wrong",
    // what a network of twice the power would have gained, which no link shows to be false
    change: ({ parentWeight }, parent) => ({
      parentWeight: parentWeight + ((1n << 8n) + ((1n << 8n) * BigInt(parent.electionProof?.winCount ?? 0)) / 10n),
    }),
  },
  "win count": { code: "block/win-count-wrong", change: (header) => raise(header) },
};

/**
 * A chain that ends in one block that is tampered with and signed by its own miner: with nothing else wrong.
 *
 * @param at - place of the tipset whose first block it is made of; its parents have one block
 */
export function tamperedChain(chain: MintedChain, at: number, seed: string, { change }: Tampering): MintedChain {
  const [grandparent, parent, tipset] = [chain.tipsets[at - 2], chain.tipsets[at - 1], chain.tipsets[at]] as [
    MintedTipset,
    MintedTipset,
    MintedTipset,
  ];
  const [header] = tipset.tipset.blocks as [BlockHeader];
  const changes = change(header, parent.tipset.blocks[0] as BlockHeader, grandparent.tipset.blocks[0] as BlockHeader);
  const forged = forgeHeader(header, changes, mintedMiners({ seed, executed: true }));
  const bytes = encodeBlockHeader(forged);
  const block = { bytes, messages: (tipset.blocks[0] as MintedTipset["blocks"][number]).messages };
  const tip: MintedTipset = { tipset: createTipset([forged]), blocks: [block] };
  return { ...chain, tipsets: [...chain.tipsets.slice(0, at), tip], forks: [] };
}

/** A place in the chain where a tipset and its parents have one block each, and messages were sent before. */
export function lonelyPlace({ tipsets }: MintedChain, from: number): number {
  return tipsets.findIndex(
    ({ tipset }, i) => i > from && tipset.blocks.length === 1 && tipsets[i - 1]?.tipset.blocks.length === 1,
  );
}

/** Gossips blocks from a peer of its own that serves nothing. */
export async function gossipOnce(
  chain: MintedChain,
  address: string,
  tipset: MintedTipset,
  done: () => Promise<unknown>,
): Promise<void> {
  const { network } = chain.mint;
  const host = await createHost({ networkName: network.p2pName, kad: false, privateNetwork: true });
  const exchange = await serveExchange({ host, source: emptyChainSource });
  const head = TipsetKey.fromCids([network.genesisCid]);
  const hello = await serveHello({
    host,
    genesis: network.genesisCid.bytes,
    head: () => ({ head, height: 0, weight: 0n }),
    onHead: () => {},
  });
  const gossip = createGossip({ host, networkName: network.p2pName, messageRoot: () => new Uint8Array(38) });
  try {
    await host.start();
    await host.dial(address);
    gossip.followBlocks();
    await subscribed(gossip);
    for (const message of blockMessages(tipset)) await gossip.publishBlock(message);
    await done();
  } finally {
    gossip.stop();
    await hello.stop();
    await exchange.stop();
    await host.stop();
  }
}

/** Waits for somebody who takes blocks. */
export async function subscribed(gossip: { subscribers(topic: "blocks"): readonly string[] }): Promise<void> {
  for (let i = 0; i < 600 && gossip.subscribers("blocks").length === 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
