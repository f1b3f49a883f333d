import { inferLog2Power } from "../rules/weight.ts";
import { keyText } from "./key-text.ts";
import { type LinkFault, linkFault } from "./link-errors.ts";
import type { LinkChild, LinkedTipset } from "./link-types.ts";

/**
 * Judges a child against its tipset: height and weight. What `linkRun` does for neighbours of one window, for two tipsets
 * that were linked apart. What is broken is the child's fault, for it names the tipset, and not the other way round.
 *
 * @returns log2 of the power that the child claims for the parent's state, or the rule that it breaks
 * @example
 * linkAcross(child, parent) // => 49
 */
export function linkAcross(child: LinkChild, parent: LinkedTipset): number | LinkFault {
  const { height, winCount } = parent;
  if (height >= child.height) {
    return linkFault("chain/height-not-falling", { tipset: keyText(parent.key), height, childHeight: child.height });
  }
  const gain = child.parentWeight - parent.parentWeight;
  const found = inferLog2Power(gain, winCount);
  if (found === undefined) {
    return linkFault("chain/weight-wrong", { tipset: keyText(parent.key), height, gain, winCount });
  }
  return found;
}
