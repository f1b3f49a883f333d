import { TipsetKey } from "@copse/types";
import type { Logger } from "pino";
import type { CommandContext } from "../commands/command.ts";
import type { CopseNode } from "../node-types.ts";
import { checkChain, type SyncContext } from "../sync/assemble.ts";
import type { Follower } from "../sync/follow.ts";
import { FinalChain } from "./final-chain.ts";

/** What a node's finality is told of. */
export interface FinalityOptions {
  readonly context: SyncContext;
  readonly log: Logger;
  readonly output: CommandContext["output"];
  /** Called when the head went over to the certified chain. */
  readonly onHead: () => void;
}

/** Begins to follow certificates, where the node is to; what they make final is told as events. */
export function nodeFinality(node: CopseNode, options: FinalityOptions): FinalChain | undefined {
  const { f3 } = node;
  if (f3 === undefined) return undefined;
  const { context, log, output, onHead } = options;
  f3.client.start();
  return new FinalChain(
    { ...f3, context, log },
    {
      onFinal({ instance, height, key, from, powerTable }) {
        const cids = TipsetKey.cids(key).map(String);
        node.metrics.heights.set({ what: "final" }, height);
        const facts = { instance, height, cids, from, powerTable };
        output.event("f3-final", facts, `final from height ${from} to ${height}, by certificate ${instance} of F3`);
      },
      onHead({ to, revert, apply }) {
        onHead();
        node.metrics.heights.set({ what: "head" }, to.height);
        const cids = TipsetKey.cids(to.key).map(String);
        const facts = { height: to.height, cids, reverted: revert.length, applied: apply.length, by: "f3" };
        output.event("head", facts, `head ${to.height}, as F3 finalized it`);
      },
    },
  );
}

/** Follows gossip and certificates side by side, until the head is too far behind, or one of them fails. */
export async function followBoth(
  follower: Follower,
  final: FinalChain | undefined,
  context: SyncContext,
  signal: AbortSignal,
): Promise<void> {
  if (final === undefined) return follower.run(signal);
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const following = follower.run(either);
  const finality = final.follow(() => checkChain(context, either), either);
  try {
    await Promise.race([following, finality]);
  } finally {
    over.abort(new Error("following has ended"));
    await Promise.allSettled([following, finality]);
  }
}
