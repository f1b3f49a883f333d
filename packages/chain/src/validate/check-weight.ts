import type { Tipset } from "@copse/types";
import { log2Power, tipsetWeight } from "../rules/weight.ts";
import { blockText } from "./block-text.ts";
import { fault, findings, type RuleChecks } from "./verdict.ts";

/** Sum of the wins of a tipset's blocks; genesis has none. */
function winsOf({ blocks }: Tipset): number {
  return blocks.reduce((sum, { electionProof }) => sum + (electionProof?.winCount ?? 0), 0);
}

/**
 * Checks the weight that the blocks of a tipset name for their parents, against the power in the parents' state.
 * Without state, `inferLog2Power` tells whether any power explains it. Where all power is gone nothing can be weighed, and
 * no block may stand there.
 *
 * @param totalPower - quality-adjusted, in the state the *parents* name as parent state. Unit: bytes
 * @see lotus:chain/consensus/filcns/weight.go
 */
export function checkParentWeight(tipset: Tipset, base: Tipset, totalPower: bigint): RuleChecks {
  const found = findings();
  const log2 = log2Power(totalPower);
  if (log2 === undefined) {
    for (const [i, { height }] of tipset.blocks.entries()) {
      found.faults.push(fault("invalid", "block/network-without-power", { block: blockText(tipset, i), height }));
    }
    return found;
  }
  const expected = tipsetWeight(base.blocks[0]?.parentWeight ?? 0n, log2, winsOf(base));
  for (const [i, { parentWeight, height }] of tipset.blocks.entries()) {
    if (parentWeight === expected) continue;
    const facts = { block: blockText(tipset, i), height, found: parentWeight, expected };
    found.faults.push(fault("invalid", "block/parent-weight-wrong", facts));
  }
  return found;
}
