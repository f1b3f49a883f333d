import type { Codec, Fetching } from "@copse/ipld";
import type { Address } from "@copse/types";
import { stateOfKind } from "../actor-of-kind.ts";
import { addressField } from "../field-codecs.ts";
import type { StateTree } from "../state-tree.ts";
import { struct } from "../struct.ts";

/** State of an account. */
export interface AccountState {
  /** The `f1` or `f3` address of its key; of f099 and other special ones their ID address. */
  readonly address: Address;
}

/** How an account holds its state. Shape: `[address]`. */
export const accountStateCodec: Codec<AccountState> = struct<AccountState>("account actor's state", {
  address: addressField,
});

/**
 * State of an account.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`, `state/actors-too-old`, `state/layout-unknown`
 * @see builtin-actors:actors/account/src/state.rs
 * @example
 * const key = runSync(accountState(tree, info.worker), store).address;
 */
export function accountState(tree: StateTree, account: Address): Fetching<AccountState> {
  return stateOfKind(tree, account, "account", accountStateCodec);
}
