import type { LinkFault } from "./link-errors.ts";
import { linkTipset } from "./link-tipset.ts";
import type { LinkedTipset, LinkRules, LinkTarget } from "./link-types.ts";
import { parentsKey } from "./parents-key.ts";
import { skimHeader } from "./skim-header.ts";

/** What a walk over one window found: plain data. */
export interface LinkedRun {
  /** Newest first; each is the parent of the one before it. Usable also when there is a fault below. */
  readonly linked: readonly LinkedTipset[];
  /** What comes below the last of `linked`; at genesis its key is empty. */
  readonly next: LinkTarget;
  readonly reachedGenesis: boolean;
  /** Why the walk stopped before the window's end. */
  readonly fault?: LinkFault;
}

/**
 * Walks a window of tipsets, newest first as chain exchange gives it, from the key that is wanted downwards, and checks
 * statements 1 to 4, 6 and 8 of the sheet's table on each: hash and canonical bytes, key and ticket order, what blocks of
 * a tipset share, heights, timestamps, genesis, weights, win counts, pins.
 *
 * Pure, bytes in and plain data out, so it runs in a worker. Cost: about two hashes a header; see bench/README.md. Tipsets
 * after genesis are not looked at.
 *
 * @returns what holds; a fault names tipset, block and rule, and ends the run
 * @see lotus chain/sync.go `collectHeaders`, forest src/chain_sync/tipset_syncer.rs
 * @example
 * linkRun({ key: head }, [{ headers: [bytes] }], rules).linked.length // => 1
 */
export function linkRun(
  target: LinkTarget,
  tipsets: readonly { readonly headers: readonly Uint8Array[] }[],
  rules: LinkRules,
): LinkedRun {
  const linked: LinkedTipset[] = [];
  let next = target;
  for (const { headers } of tipsets) {
    const step = linkTipset(next, headers, rules);
    if ("code" in step) return { linked, next, reachedGenesis: false, fault: step };
    linked.push(step);
    next = targetBelow(step);
    if (step.height === 0) return { linked, next, reachedGenesis: true };
  }
  return { linked, next, reachedGenesis: false };
}

/**
 * What a linked tipset wants below it.
 *
 * @example
 * targetBelow(linked).child?.height // => linked.height
 */
export function targetBelow(tipset: LinkedTipset): LinkTarget {
  const { height, parentWeight } = tipset;
  return { key: tipset.parents, child: { height, parentWeight } };
}

/**
 * What a window would want below it, from the bytes of its last tipset, before anything is verified: so that the next
 * window can be asked for while this one is checked. `undefined` at genesis or where nothing can be read.
 *
 * @example
 * guessBelow(window.at(-1).headers)?.key // => parents of that tipset
 */
export function guessBelow(headers: readonly Uint8Array[]): LinkTarget | undefined {
  try {
    const skim = skimHeader(headers[0] as Uint8Array);
    if (skim.height === 0) return undefined;
    const { height, parentWeight } = skim;
    return { key: parentsKey(skim), child: { height, parentWeight } };
  } catch {
    return undefined;
  }
}
