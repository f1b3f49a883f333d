import type { Address, NetworkRules } from "@copse/types";
import type { BlockFacts } from "./errors.ts";
import type { ReadMessage } from "./read-messages.ts";
import { type BlockFault, type Findings, fault } from "./verdict.ts";

/** Where findings go and what they say. */
export interface DelegatedContext {
  readonly found: Findings;
  readonly facts: BlockFacts["block/sender-unresolved"] extends infer F ? Omit<F, "why"> : never;
  readonly wrong: BlockFault;
}

export function checkDelegated(
  _n: NetworkRules,
  _v: number,
  _one: ReadMessage,
  _key: Address,
  c: DelegatedContext,
): void {
  c.found.faults.push(fault("unresolved", "block/sender-unresolved", { ...c.facts, why: "eth" } as never));
}
