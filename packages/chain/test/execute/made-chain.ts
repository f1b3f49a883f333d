import { cidKey, type SyncBlockReader } from "@copse/ipld";
import type { Tipset } from "@copse/types";
import type { ChainView } from "../../src/execute/chain-view.ts";
import { createMint, type Mint } from "../../src/mint/create-mint.ts";

/** A minted chain to look things up in. */
export interface MadeChain {
  readonly mint: Mint;
  /** Of each height; `undefined` in a null round. */
  readonly tipsets: readonly (Tipset | undefined)[];
  readonly store: SyncBlockReader;
  viewFrom(height: number): ChainView;
}

/** Makes one, and reads it from any tipset of it. */
export function makeChain(seed: string, epochs: number): MadeChain {
  const mint = createMint({ seed, forks: 0 });
  const tipsets = [mint.genesis.tipset, ...[...mint.epochs().take(epochs)].map(({ tipset }) => tipset)];
  const blocks = new Map(mint.genesis.state.map(([cid, bytes]) => [cidKey(cid), bytes]));
  const parentsOf = (tipset: Tipset): Tipset | undefined =>
    tipsets.slice(0, tipset.height).findLast((below) => below !== undefined);
  return {
    mint,
    tipsets,
    store: { getSync: (cid) => blocks.get(cidKey(cid)) },
    viewFrom: (height) => ({
      head: tipsets[height] as Tipset,
      atOrAbove: (from) => tipsets.slice(from, height + 1).find((tipset) => tipset !== undefined) as Tipset,
      parentsOf,
    }),
  };
}
