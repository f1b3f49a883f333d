import type { TipsetKey } from "@copse/types";
import { linkAcross } from "../link/link-across.ts";
import type { LinkedTipset } from "../link/link-types.ts";
import { headWeight } from "../store/chain-weight.ts";
import type { BlockTable } from "./block-table.ts";
import { type HeadCandidate, isBetterHead } from "./compare-heads.ts";

/** What the choice looks at. */
export interface HeadChoice {
  readonly table: BlockTable;
  /** The head as it is. */
  readonly head: LinkedTipset | undefined;
  /** Heights that got blocks. */
  readonly heights: Iterable<number>;
  /** Finds a tipset that is stored or comes with those under consideration. */
  readonly find: (key: TipsetKey) => LinkedTipset | undefined;
  /** Tipsets that may not be chosen. */
  readonly isRefused: (tipset: LinkedTipset) => boolean;
}

/** Epochs above and below the head that are searched when its weight shrinks. @see lotus `RefreshHeaviestTipSet` */
export const searchDepth: { readonly above: number; readonly below: number } = { above: 5, below: 4 };

/**
 * The best of the head as its blocks stand now, and of the heights that got blocks. Pure.
 *
 * Where a miner of the head is found with two blocks, the head gets lighter: then the heaviest of the heights around is
 * taken, or the head stays where there is none.
 *
 * @see lotus chain/store/store.go `RefreshHeaviestTipSet`
 */
export function chooseHead(choice: HeadChoice): HeadCandidate | undefined {
  const { head, find, heights } = choice;
  let best: HeadCandidate | undefined;
  const prefer = (other: HeadCandidate | undefined): void => {
    if (other !== undefined && (best === undefined || isBetterHead(other, best))) best = other;
  };
  if (head !== undefined) {
    const current: HeadCandidate = { tipset: head, weight: headWeight(head, find) };
    const refreshed = heaviestAt(choice, head.height);
    if (refreshed === undefined || refreshed.weight < current.weight) {
      best = refreshed;
      for (let height = head.height + searchDepth.above; height >= head.height - searchDepth.below; height--) {
        if (height !== head.height) prefer(heaviestAt(choice, height));
      }
    } else {
      best = isBetterHead(refreshed, current) ? refreshed : current;
    }
    best ??= current;
  }
  for (const height of heights) prefer(heaviestAt(choice, height));
  return best;
}

function heaviestAt(choice: HeadChoice, height: number): HeadCandidate | undefined {
  const { table, find, isRefused } = choice;
  let best: HeadCandidate | undefined;
  for (const tipset of table.tipsets(height)) {
    const parent = find(tipset.parents);
    // blocks of a group agree with each other; whether their weight follows from the parents is seen only here
    if (parent === undefined || typeof linkAcross(tipset, parent) !== "number" || isRefused(tipset)) continue;
    const candidate = { tipset, weight: headWeight(tipset, find) };
    if (best === undefined || isBetterHead(candidate, best)) best = candidate;
  }
  return best;
}
