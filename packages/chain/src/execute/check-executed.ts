import { toCid } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import type { Tipset } from "@copse/types";
import type { ExecutedTipset } from "@copse/types/execution";
import { blockText } from "../validate/block-text.ts";
import { checkBaseFee } from "../validate/check-messages.ts";
import { fault, findings, type RuleChecks } from "../validate/verdict.ts";

/** What executing a tipset gave, as far as its children name it. */
export interface ExecutionOutcome extends Pick<ExecutedTipset, "stateRoot" | "receiptsRoot"> {
  /** By `nextBaseFee`. Absent: it is not looked at here. Unit: attoFIL per gas. */
  readonly nextBaseFee?: bigint | undefined;
}

/**
 * Checks what the blocks of a tipset name for their parents against what executing the parents gave: the state, the
 * receipts and the base fee. The weight is `checkParentWeight`'s.
 *
 * @param executed - of the tipset's parents
 * @see lotus:chain/consensus/common.go CommonBlkChecks
 * @example
 * const { faults } = checkExecuted(child, executor.execute(parent));
 */
export function checkExecuted(tipset: Tipset, executed: ExecutionOutcome): RuleChecks {
  const found = findings();
  const { stateRoot, receiptsRoot, nextBaseFee } = executed;
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
  if (nextBaseFee !== undefined) found.faults.push(...checkBaseFee(tipset, nextBaseFee).faults);
  return found;
}
