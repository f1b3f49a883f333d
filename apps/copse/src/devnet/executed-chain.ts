import { createTipset, decodeBlockHeader, type Tipset } from "@copse/types";
import type { MintedChain, MintedTipset } from "../local/minted-chain.ts";
import { parseNetwork } from "../networks.ts";
import type { DevnetBlock } from "./devnet-task.ts";
import type { MadeDevnet } from "./make-devnet.ts";

/** A chain that was made on a thread, as one that serving nodes take. Its state is that of every tipset, not of genesis alone. */
export function executedChain(made: MadeDevnet, epochs: number): MintedChain {
  const tipsets = made.tipsets.map(tipsetOf);
  const genesis = (tipsets[0] as MintedTipset).tipset;
  const blocks = made.tipsets.flat();
  const { bytes } = blocks[0] as DevnetBlock;
  return {
    mint: { network: parseNetwork(made.networkJson), genesis: { tipset: genesis, bytes, state: made.state } },
    tipsets,
    forks: made.forks.map(tipsetOf),
    headers: blocks.length,
    messages: blocks.reduce((sum, { messages }) => sum + messages.bls.length + messages.secp.length, 0),
    nullRounds: epochs + 1 - tipsets.length,
  };
}

function tipsetOf(blocks: readonly DevnetBlock[]): MintedTipset {
  const tipset: Tipset = createTipset(blocks.map(({ bytes }) => decodeBlockHeader(bytes)));
  return { tipset, blocks };
}
