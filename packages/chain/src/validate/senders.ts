import type { Fetching } from "@copse/ipld";
import { accountKey, type StateTree } from "@copse/state";
import { Address } from "@copse/types";

/**
 * Key addresses of accounts: from `Address.key(written form)` to the key address their account actor holds. Plain data.
 */
export type AccountKeys = ReadonlyMap<string, Address>;

/** Tells whether an address does not hold its key: an ID, or the hash of an actor's making. */
export function isAlias(address: Address): boolean {
  const protocol = Address.protocol(address);
  return protocol === 0 || protocol === 2;
}

/**
 * The address whose key signs for a sender; `undefined` for an alias that is not among the keys at hand.
 *
 * @see lotus:chain/vm/vm.go ResolveToDeterministicAddr
 */
export function keyAddress(sender: Address, keys: AccountKeys | undefined): Address | undefined {
  return isAlias(sender) ? keys?.get(Address.key(sender)) : sender;
}

/**
 * Looks up the key addresses of senders that are written as IDs or actor addresses; the others need no state. Those that
 * are no accounts are left out.
 *
 * @param tree - the state computed from the parents: what a child of the block names as parent state
 * @throws {HostFault} `host/block-missing`
 * @example
 * const accountKeys = runSync(readAccountKeys(tree, senders), store);
 * checkMessages(network, tipset, messages, { accountKeys });
 */
export function* readAccountKeys(tree: StateTree, senders: Iterable<Address>): Fetching<AccountKeys> {
  const keys = new Map<string, Address>();
  for (const sender of senders) {
    if (!isAlias(sender) || keys.has(Address.key(sender))) continue;
    const key = yield* accountKey(tree, sender);
    if (key !== undefined) keys.set(Address.key(sender), key);
  }
  return keys;
}
