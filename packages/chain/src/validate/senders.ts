import type { Fetching } from "@copse/ipld";
import { accountKey, type StateTree } from "@copse/state";
import { Address } from "@copse/types";

/**
 * Key addresses of accounts: from `Address.key(written form)` to the key address their account actor holds, or to
 * `undefined` where it was looked up and is no account. Plain data.
 */
export type AccountKeys = ReadonlyMap<string, Address | undefined>;

/** Tells whether an address does not hold its key: an ID, or the hash of an actor's making. */
export function isAlias(address: Address): boolean {
  const protocol = Address.protocol(address);
  return protocol === 0 || protocol === 2;
}

/** Whose key signs for a sender, or why that can not be told: now, or ever. */
export type SenderKey =
  | { readonly kind: "key"; readonly address: Address }
  /** No state makes it a sender. */
  | { readonly kind: "never"; readonly expected: string }
  | { readonly kind: "unknown"; readonly why: string };

/**
 * The address whose key signs for a sender. An address that names a key is its own, an ID stands for what its account
 * holds, and the hash of an actor's making is refused whatever state says of it, in every network version.
 *
 * @see lotus:chain/stmgr/stmgr.go ResolveToDeterministicAddress
 */
export function senderKey(sender: Address, keys: AccountKeys | undefined): SenderKey {
  const protocol = Address.protocol(sender);
  if (protocol === 2) return { kind: "never", expected: "the address of a key, or an ID" };
  if (protocol !== 0) return { kind: "key", address: sender };
  if (keys === undefined) return { kind: "unknown", why: "the parents' state is not at hand" };
  const name = Address.key(sender);
  const address = keys.get(name);
  if (address !== undefined) return { kind: "key", address };
  if (keys.has(name)) return { kind: "never", expected: "an account in the state that its parents give" };
  return { kind: "unknown", why: "it was not looked up in the parents' state" };
}

/**
 * Looks up the key addresses of senders that are written as IDs: no other needs state. One that is no account is among
 * them, without a key.
 *
 * @param tree - the state computed from the parents: what a child of the block names as parent state
 * @throws {HostFault} `host/block-missing`
 * @example
 * const accountKeys = runSync(readAccountKeys(tree, senders), store);
 * checkMessages(network, tipset, messages, { accountKeys });
 */
export function* readAccountKeys(tree: StateTree, senders: Iterable<Address>): Fetching<AccountKeys> {
  const keys = new Map<string, Address | undefined>();
  for (const sender of senders) {
    if (Address.protocol(sender) !== 0 || keys.has(Address.key(sender))) continue;
    keys.set(Address.key(sender), yield* accountKey(tree, sender));
  }
  return keys;
}
