import { linkRules } from "@copse/chain";
import type { CidBytes, SyncBlockReader } from "@copse/ipld";
import { type BlockHeader, decodeBlockHeader, type Network, type Tipset, TipsetKey } from "@copse/types";
import { ExplorerError } from "../errors.ts";
import { type BlockIndexBuilder, type BlockIndexData, findBlock, findTipset } from "../verify/block-index.ts";
import type { OnProgress } from "../verify/report.ts";
import type { ChainTally } from "./chain-tally.ts";
import { ChainCheck, type CheckSignatures } from "./check-up.ts";
import { assertTimedFor, headOf, type LinkedChain, walkDown, walkSpan } from "./walk-down.ts";

/** What a chain is checked with. */
export interface ChainNeeds {
  readonly network: Network;
  readonly roots: readonly CidBytes[];
  readonly store: SyncBlockReader;
  readonly check: CheckSignatures;
  /** What F3 finalized, where a snapshot of the same network was verified before. */
  readonly finality: BlockIndexData | undefined;
  /** Takes the blocks of the chain. */
  readonly index: BlockIndexBuilder;
  readonly onProgress: OnProgress;
}

/** What a chain was found to be. */
export interface CheckedChain extends LinkedChain {
  readonly genesis: TipsetKey;
  readonly tally: ChainTally;
  /** Height of the highest tipset that F3 finalized; its ancestors are final with it. */
  readonly finalHeight: number | undefined;
}

/**
 * Checks a chain: links down to genesis first, which costs least, then up again all that the file can show.
 *
 * @throws {ChainError} {BlockError} the rule that is broken, and where
 * @throws {ExplorerError} `explorer/no-head`, `explorer/other-network`, `explorer/genesis-not-reached`, `explorer/not-final`
 */
export async function verifyChain(needs: ChainNeeds): Promise<CheckedChain> {
  const { network, roots, store, check, finality, index, onProgress } = needs;
  const options = { rules: linkRules(network), networkName: network.name };
  const head = headOf(roots, store);
  assertTimedFor(network, head.blocks[0] as BlockHeader);
  const linked = walkDown(head.key, store, {
    ...options,
    onHeight: (height, top) => onProgress({ phase: "linking headers", done: top - height, total: top }),
  });
  const checking = new ChainCheck(network, store, check);
  let genesis: TipsetKey | undefined;
  let finalHeight: number | undefined;
  let last = -1;
  for (const mark of linked.marks.toReversed()) {
    for (const { key, parents, height, headers } of walkSpan(mark, store, options).linked.toReversed()) {
      if (height <= last) continue; // spans of a chain do not overlap; the oldest may be shorter
      const blocks = headers.map(decodeBlockHeader);
      const tipset: Tipset = { key, parents, height, cids: TipsetKey.cids(key), blocks };
      genesis ??= key;
      if (isFinal(tipset, finality)) finalHeight = height;
      await checking.add(tipset);
      index.add(height, key);
      last = height;
      onProgress({ phase: "checking tipsets", done: height, total: linked.headHeight });
    }
  }
  await checking.settle();
  return { ...linked, genesis: genesis as TipsetKey, tally: checking.tally, finalHeight };
}

/** Whether F3 finalized a tipset. @throws {ExplorerError} `explorer/not-final` where it finalized another one, or none */
function isFinal({ height, cids }: Tipset, finality: BlockIndexData | undefined): boolean {
  if (finality === undefined) return false;
  const blocks = cids.map(({ bytes }) => bytes);
  const answer = findTipset(finality, height, blocks);
  if (answer !== "not on it") return answer === "on it";
  const stranger = cids.find(({ bytes }) => findBlock(finality, height, bytes) === "not on it");
  const facts = { height, found: `${stranger ?? cids[0]}`, snapshot: finality.source };
  throw new ExplorerError("explorer/not-final", facts);
}
