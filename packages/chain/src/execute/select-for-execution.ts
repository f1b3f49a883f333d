import type { Fetching } from "@copse/ipld";
import { resolveId, type StateTree } from "@copse/state";
import { Address, type Message } from "@copse/types";
import { ChainError } from "../errors.ts";
import { selectMessages } from "../rules/message-selection.ts";

/**
 * Which messages of a tipset are executed, where senders may be written as IDs: from the first such sender on, all count
 * under their IDs, those seen before too.
 *
 * @param tree - the state after the parents
 * @param messages - of all blocks in canonical order, BLS before secp
 * @returns one answer per message, in order
 * @throws {ChainError} `chain/sender-unresolved`: the tipset cannot be executed
 * @see lotus:chain/store/messages.go BlockMsgsForTipset (since Hyperdrive)
 * @example
 * const selected = runSync(selectForExecution(tree, messages), store);
 */
export function* selectForExecution(tree: StateTree, messages: readonly Message[]): Fetching<readonly boolean[]> {
  const ids = new Map<string, string>();
  const byId = messages.some(({ from }) => Address.protocol(from) === 0);
  if (byId) {
    for (const { from } of messages) {
      const key = Address.key(from);
      if (ids.has(key)) continue;
      const id = yield* resolveId(tree, from);
      if (id === undefined) throw new ChainError("chain/sender-unresolved", { sender: Address.format(from) });
      ids.set(key, `${id}`);
    }
  }
  return selectMessages(
    messages.map(({ from, nonce }) => {
      const key = Address.key(from);
      return { sender: ids.get(key) ?? key, nonce };
    }),
  );
}
