import { setImmediate } from "node:timers/promises";
import type { Database } from "@copse/blockstore";
import { type ChainStore, linkRules, linkRun, messageBlocks, openChainStore } from "@copse/chain";
import type { Mint, MintedBlock } from "@copse/chain/mint";
import { assertNotAborted } from "@copse/primitives";
import type { Tipset } from "@copse/types";

/** One tipset with its blocks' bytes and messages. */
export interface MintedTipset {
  readonly tipset: Tipset;
  readonly blocks: readonly MintedBlock[];
}

/** A minted chain, held whole. */
export interface MintedChain {
  readonly mint: Pick<Mint, "network" | "genesis">;
  /** Oldest first, genesis first. */
  readonly tipsets: readonly MintedTipset[];
  /** Tipsets beside the chain. */
  readonly forks: readonly MintedTipset[];
  readonly headers: number;
  readonly messages: number;
  readonly nullRounds: number;
}

/** Makes the first epochs of a chain; others get their turn after each. */
export async function mintChain(
  mint: Mint,
  epochs: number,
  onEpoch: (height: number) => void,
  signal: AbortSignal,
): Promise<MintedChain> {
  const genesis: MintedTipset = {
    tipset: mint.genesis.tipset,
    blocks: [{ bytes: mint.genesis.bytes, messages: { bls: [], secp: [] } }],
  };
  const tipsets = [genesis];
  const forks: MintedTipset[] = [];
  let nullRounds = 0;
  for (const { height, tipset, blocks, fork } of mint.epochs()) {
    if (height > epochs) break;
    if (tipset === undefined) nullRounds++;
    else tipsets.push({ tipset, blocks });
    if (fork !== undefined) forks.push(fork);
    onEpoch(height);
    if (height % 8 === 0) await setImmediate();
    assertNotAborted(signal);
  }
  let headers = 0;
  let messages = 0;
  for (const { blocks } of tipsets) {
    headers += blocks.length;
    for (const block of blocks) messages += block.messages.bls.length + block.messages.secp.length;
  }
  return { mint, tipsets, forks, headers, messages, nullRounds };
}

/** Founds a store on a minted chain: its genesis state, headers, messages; its newest tipset is the head. */
export async function storeMinted(chain: MintedChain, database: Database): Promise<ChainStore> {
  const { mint, tipsets } = chain;
  const store = await openChainStore(database, { genesis: mint.network.genesisCid.bytes });
  const head = tipsets.at(-1)?.tipset ?? mint.genesis.tipset;
  const { id } = await store.openSpan({ key: head.key });
  const rules = linkRules(mint.network);
  for (let end = tipsets.length; end > 0; end -= 500) {
    const window = tipsets.slice(Math.max(0, end - 500), end).reverse();
    const target = store.spans.find((span) => span.id === id)?.next ?? { key: head.key };
    await store.appendRun(
      id,
      linkRun(
        target,
        window.map(({ blocks }) => ({ headers: blocks.map(({ bytes }) => bytes) })),
        rules,
      ),
    );
    await database.commit({
      blocks: window.flatMap(({ blocks }) => blocks.flatMap((block) => messageBlocks(block.messages).blocks)),
    });
  }
  await database.commit({ blocks: mint.genesis.state });
  while ((await store.indexBlocks()) > 0);
  await store.switchHead(head.key);
  return store;
}
