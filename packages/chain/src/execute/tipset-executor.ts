import type { ExecutedTipset } from "@copse/types/execution";
import type { BlockMessages } from "../validate/read-messages.ts";
import type { ChainView } from "./chain-view.ts";

/**
 * Executes tipsets, one after another; the application makes one of a VM. Synchronous: it belongs on a thread of its own.
 *
 * It never says that a message failed: that is a receipt. It throws where the tipset cannot be (a reward or cron that
 * fails), and a `HostFault` where this machine failed. Children are checked against what it gives by `checkExecuted`.
 */
export interface TipsetExecutor {
  /**
   * Executes the tipset at the head of a chain; its state and receipts are in the store when it returns.
   *
   * @param messages - of each of its blocks, in order; they are the blocks' own (`checkMessages`)
   */
  execute(view: ChainView, messages: readonly BlockMessages[]): ExecutedTipset;
}
