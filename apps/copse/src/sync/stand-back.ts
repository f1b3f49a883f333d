import type { ChainStore } from "@copse/chain";
import { isCopseError } from "@copse/primitives";
import type { NodeOptions } from "../options.ts";
import { messageRange } from "./assemble.ts";
import type { Peers } from "./peers.ts";
import { retreatUnserved } from "./retreat.ts";
import type { Target } from "./target.ts";

/**
 * What says of a target that it is no part of the chain, beside the rules its blocks may break. A checkpoint is there only
 * where F3 certified it, so what leaves it out is refused too.
 */
const brokenTarget: ReadonlySet<string> = new Set([
  "copse/chain-broken",
  "copse/not-certified",
  "chain/seam-broken",
  "chain/behind-checkpoint",
]);

/** What is needed to stand back: parts of the node. */
export interface StandBackNeeds {
  readonly peers: Pick<Peers, "refuse" | "putBack">;
  readonly store: ChainStore;
  readonly options: Pick<NodeOptions, "messages" | "to">;
}

/**
 * After a target failed: what keeps it from standing in the way of others. Whoever told what is no part of the chain is
 * not heard any more; but where only our own past speaks against it, that past may be what is wrong.
 */
export async function standBack(
  target: Target,
  error: unknown,
  { peers, store, options }: StandBackNeeds,
  log: { error(facts: object, text: string): void },
): Promise<void> {
  if (!isCopseError(error)) return;
  if (error.code.startsWith("block/") || brokenTarget.has(error.code)) {
    peers.refuse(target);
    return;
  }
  // a fault of this machine says nothing of it; of all else we can not tell whose it is: others come first
  if (error.code.startsWith("host/")) return;
  peers.putBack(target);
  if (error.code === "chain/fork-too-long") {
    const facts = { height: target.height, head: store.head?.height, reason: error.message };
    log.error(facts, "this target leaves the stored chain too far back: the stored chain may be the wrong one");
  }
  if (error.code !== "copse/no-peers") return;
  const wanted = messageRange(options.messages, { from: options.to, to: store.head?.height ?? 0 });
  if (wanted !== undefined) await retreatUnserved(store, wanted);
}
