import { type Hamt, loadHamt, uintKeys } from "@copse/hamt";
import { type Codec, type Fetching, fromCid } from "@copse/ipld";
import type { Address } from "@copse/types";
import type { CID } from "multiformats/cid";
import { stateOfSingleton } from "../actor-of-kind.ts";
import { addressField, bigIntField, cidField, numberField } from "../field-codecs.ts";
import type { StateTree } from "../state-tree.ts";
import { struct } from "../struct.ts";

/** A token of FRC-0046: who has how much of it. */
export interface TokenState {
  readonly supply: bigint;
  /** HAMT: actor to what it has. */
  readonly balances: CID;
  /** HAMT: owner to HAMT of operator to what it may spend of the owner's. */
  readonly allowances: CID;
  /** Of these HAMTs. */
  readonly hamtBitWidth: number;
}

/** State of the data cap actor, f07. Since actors v9. Unit of amounts: 10^-18 bytes. */
export interface DataCapState {
  /** Who may mint: the verified registry. */
  readonly governor: Address;
  readonly token: TokenState;
}

/** How the data cap actor holds its state. Shape: `[governor, [supply, balances, allowances, hamtBitWidth]]`. */
export const dataCapStateCodec: Codec<DataCapState> = struct<DataCapState>(
  "data cap actor's state",
  {
    governor: addressField,
    token: struct<TokenState>("token state", {
      supply: bigIntField,
      balances: cidField,
      allowances: cidField,
      hamtBitWidth: numberField,
    }),
  },
  [{ actors: 9, lacks: [] }],
);

/**
 * State of the data cap actor.
 *
 * @throws {StateError} `state/actor-missing` also of actors v8, `state/actors-too-old`, `state/layout-unknown`
 * @see builtin-actors:actors/datacap/src/state.rs
 * @example
 * const { token } = runSync(dataCapState(tree), store);
 */
export function dataCapState(tree: StateTree): Fetching<DataCapState> {
  return stateOfSingleton(tree, 7, dataCapStateCodec);
}

/**
 * How much data cap each actor has, by its ID. Unit: 10^-18 bytes.
 *
 * @throws {HamtError} its node is none
 * @example
 * const bytes = (runSync(dataCapBalances(state), store).getSync(1234n, store) ?? 0n) / 10n ** 18n;
 */
export function dataCapBalances({ token }: DataCapState): Fetching<Hamt<bigint, bigint>> {
  return loadHamt(fromCid(token.balances), bigIntField, formOf(token));
}

/**
 * How much of an owner's data cap each operator may spend, by the operator's ID; `undefined` where none may.
 *
 * @param owner ID of the actor that has the data cap
 * @throws {HamtError} a node is none
 * @example
 * const market = runSync(dataCapAllowances(state, 1234n), store)?.getSync(5n, store);
 */
export function* dataCapAllowances({ token }: DataCapState, owner: bigint): Fetching<Hamt<bigint, bigint> | undefined> {
  const owners = yield* loadHamt(fromCid(token.allowances), cidField, formOf(token));
  const root = yield* owners.get(owner);
  return root === undefined ? undefined : yield* loadHamt(fromCid(root), bigIntField, formOf(token));
}

function formOf({ hamtBitWidth }: TokenState) {
  return { version: 3, bitWidth: hamtBitWidth, keys: uintKeys } as const;
}
