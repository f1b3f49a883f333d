import { blockMissing } from "@copse/ipld";
import { toHex } from "@copse/primitives";
import { createTipset, decodeBlockHeader, type Tipset, TipsetKey } from "@copse/types";
import { ChainError } from "../errors.ts";
import type { LinkedTipset } from "../link/link-types.ts";
import type { ChainReader } from "../store/chain-reader.ts";
import type { ChainView } from "./chain-view.ts";

/**
 * The chain that ends in a stored tipset, on the canonical chain or beside it.
 *
 * Its lookups throw a `HostFault` (`host/block-missing`) where the chain is not stored so far down: that is no null round.
 *
 * Cost: a fork is walked down tipset by tipset, the canonical chain below it is read by height.
 *
 * @throws {ChainError} `chain/tipset-unknown` where the tipset is not stored
 * @example
 * chainRandomness(storedView(store.reader, key), epoch)
 */
export function storedView(reader: ChainReader, key: TipsetKey): ChainView {
  const linked = reader.tipset(key);
  if (linked === undefined) throw new ChainError("chain/tipset-unknown", { tipset: toHex(key) });
  return {
    head: readTipset(linked),
    parentsOf: ({ parents, height }) => {
      const below = parentsIn(reader, parents, height);
      return below && readTipset(below);
    },
    atOrAbove(height) {
      let at = linked;
      for (;;) {
        const below = at.height > height ? parentsIn(reader, at.parents, at.height) : undefined;
        if (below === undefined || below.height < height) return readTipset(at);
        // once on the canonical chain, the height is looked up
        const found = reader.isCanonical(below.key) ? reader.tipsetAt(height, "next") : undefined;
        if (found !== undefined) return readTipset(found);
        at = below;
      }
    },
  };
}

function parentsIn(reader: ChainReader, parents: TipsetKey, height: number): LinkedTipset | undefined {
  if (height === 0) return undefined;
  const below = reader.tipset(parents);
  if (below === undefined) throw blockMissing(parents.subarray(0, 38));
  return below;
}

function readTipset({ headers, key }: LinkedTipset): Tipset {
  return createTipset(headers.map(decodeBlockHeader), TipsetKey.cids(key));
}
