import { type Fetching, fromCid } from "@copse/ipld";
import { Address } from "@copse/types";
import { actorKind } from "./actor-kind.ts";
import { openStruct, readAddress } from "./fields.ts";
import { getActor } from "./init.ts";
import type { StateTree } from "./state-tree.ts";

/**
 * The address whose key signs for an account: itself for `f1`, `f3` and `f4`; for others the `f4` address of its actor,
 * or else the key address in its state. `undefined` where there is no actor or it is no account.
 *
 * @throws {StateError} `state/actor-missing` of a singleton, `state/layout-unknown`
 * @see lotus:chain/vm/vm.go ResolveToDeterministicAddr
 * @example
 * const signer = runSync(accountKey(tree, message.from), store);
 */
export function* accountKey(tree: StateTree, address: Address): Fetching<Address | undefined> {
  const protocol = Address.protocol(address);
  if (protocol === 1 || protocol === 3 || protocol === 4) return address;
  const actor = yield* getActor(tree, address);
  if (actor === undefined) return undefined;
  if (actor.delegatedAddress !== null) return actor.delegatedAddress; // none before state tree version 5
  if ((yield* actorKind(tree, actor.code)) !== "account") return undefined;
  const [state] = openStruct(yield fromCid(actor.head), "account actor's state", [1]);
  const key = readAddress(state);
  state.end();
  return key;
}
