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
