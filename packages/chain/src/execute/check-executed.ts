import { toCid } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import type { Tipset } from "@copse/types";
import type { ExecutedTipset } from "@copse/types/execution";
import { blockText } from "../validate/block-text.ts";
import { fault, findings, type RuleChecks } from "../validate/verdict.ts";

/**
 * Checks what the blocks of a tipset name for their parents against what executing the parents gave: the state and the
 * receipts. Base fee and weight are `checkBaseFee`'s and `checkParentWeight`'s.
 *
 * @param executed - of the tipset's parents
 * @see lotus:chain/consensus/common.go CommonBlkChecks
 * @example
 * const { faults } = checkExecuted(child, executor.execute(parent));
 */
export function checkExecuted(
  tipset: Tipset,
  executed: Pick<ExecutedTipset, "stateRoot" | "receiptsRoot">,
): RuleChecks {
  const found = findings();
  const { stateRoot, receiptsRoot } = executed;
  for (const [i, { parentStateRoot, parentMessageReceipts, height }] of tipset.blocks.entries()) {
    const block = blockText(tipset, i);
    if (!equalBytes(parentStateRoot.bytes, stateRoot)) {
      const facts = { block, height, found: `${parentStateRoot}`, expected: `${toCid(stateRoot)}` };
      found.faults.push(fault("invalid", "block/parent-state-wrong", facts));
    }
    if (!equalBytes(parentMessageReceipts.bytes, receiptsRoot)) {
      const facts = { block, height, found: `${parentMessageReceipts}`, expected: `${toCid(receiptsRoot)}` };
      found.faults.push(fault("invalid", "block/parent-receipts-wrong", facts));
    }
  }
  return found;
}
