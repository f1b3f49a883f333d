import { inferLog2Power } from "../rules/weight.ts";
import { keyText } from "./key-text.ts";
import { type LinkFault, linkFault } from "./link-errors.ts";
import type { LinkChild, LinkedTipset, LinkRules } from "./link-types.ts";

/**
 * Judges a tipset against its child: height, weight, power. What `linkRun` does for neighbours of one window, for two
 * tipsets that were linked apart.
 *
 * @returns log2 of the parent's power, or the rule that is broken
 * @example
 * linkAcross(child, parent, rules) // => 49
 */
export function linkAcross(child: LinkChild, parent: LinkedTipset, rules: LinkRules): number | LinkFault {
  const { height, winCount } = parent;
  if (height >= child.height) {
    return linkFault("chain/height-not-falling", { tipset: keyText(parent.key), height, childHeight: child.height });
  }
  const gain = child.parentWeight - parent.parentWeight;
  const found = inferLog2Power(gain, winCount);
  if (found === undefined) {
    return linkFault("chain/weight-wrong", { tipset: keyText(parent.key), height, gain, winCount });
  }
  const limit = rules.maxPowerStep ?? 8;
  if (child.log2Power >= 0 && Math.abs(child.log2Power - found) > limit) {
    const tipset = keyText(parent.key);
    return linkFault("chain/weight-jumped", { tipset, height, found, above: child.log2Power, limit });
  }
  return found;
}
