import { type Hamt, loadHamt } from "@copse/hamt";
import { type Codec, type Fetching, fromCid } from "@copse/ipld";
import type { Address } from "@copse/types";
import type { CID } from "multiformats/cid";
import { stateOfSingleton } from "../actor-of-kind.ts";
import { addressKeys, cidField, textField, uintField } from "../field-codecs.ts";
import type { StateTree } from "../state-tree.ts";
import { struct } from "../struct.ts";

/** State of the init actor, f01. */
export interface InitState {
  /** HAMT: address to ID. */
  readonly addressMap: CID;
  readonly nextId: bigint;
  readonly networkName: string;
}

/** How the init actor holds its state. Shape: `[addressMap, nextId, networkName]`. */
export const initStateCodec: Codec<InitState> = struct<InitState>("init actor's state", {
  addressMap: cidField,
  nextId: uintField,
  networkName: textField,
});

/**
 * State of the init actor.
 *
 * @throws {StateError} `state/actor-missing`, `state/actors-too-old`, `state/layout-unknown`
 * @see builtin-actors:actors/init/src/state.rs
 * @example
 * const { nextId } = runSync(initState(tree), store);
 */
export function initState(tree: StateTree): Fetching<InitState> {
  return stateOfSingleton(tree, 1, initStateCodec);
}

/**
 * Every address that has an ID, but for ID addresses themselves.
 *
 * @throws {HamtError} its node is none
 * @example
 * const id = runSync(initAddresses(state), store).getSync(address, store);
 */
export function initAddresses(state: InitState): Fetching<Hamt<bigint, Address>> {
  return loadHamt(fromCid(state.addressMap), uintField, { version: 3, keys: addressKeys });
}
