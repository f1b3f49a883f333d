import type { ChainReader, LinkedTipset } from "@copse/chain";
import { equalBytes } from "@copse/primitives";
import type { Stage } from "../sync/stage.ts";
import type { Executed } from "./executor-task.ts";

/**
 * State, receipts and base fee of every tipset, computed, and held against what its child says.
 *
 * @param execute - what executing a tipset gives; holds it against its parents first
 * @param judge - holds a tipset against what executing its parents gave
 */
export function executedStage(
  reader: ChainReader,
  execute: (tipset: LinkedTipset) => Promise<Executed>,
  judge: (tipset: LinkedTipset) => Promise<unknown>,
): Stage {
  return {
    level: "executed",
    size: 8,
    width: 1, // each stands on the one before
    async check(run, { signal }) {
      let executedMessages = 0;
      for (const tipset of run) {
        signal.throwIfAborted();
        executedMessages += (await execute(tipset)).messages;
      }
      const top = run.at(-1) as LinkedTipset;
      const above = reader.tipsetAt(top.height + 1, "next");
      if (above !== undefined && equalBytes(above.parents, top.key)) await judge(above);
      return { counts: { executedTipsets: run.length, executedMessages } };
    },
  };
}
