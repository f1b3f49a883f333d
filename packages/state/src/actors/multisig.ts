import { type Hamt, intKeys, loadHamt } from "@copse/hamt";
import { type Codec, type Fetching, fromCid } from "@copse/ipld";
import { type Address, type AttoFil, AttoFil as amounts } from "@copse/types";
import type { CID } from "multiformats/cid";
import { stateOfKind } from "../actor-of-kind.ts";
import {
  addressField,
  amountField,
  bytesField,
  cidField,
  intField,
  listOf,
  numberField,
  uintField,
} from "../field-codecs.ts";
import type { StateTree } from "../state-tree.ts";
import { struct } from "../struct.ts";

/** State of a multisig. */
export interface MultisigState {
  /** ID addresses. */
  readonly signers: readonly Address[];
  readonly numApprovalsThreshold: number;
  readonly nextTransactionId: bigint;
  /** Funds that were locked at the start. */
  readonly initialBalance: AttoFil;
  /** When unlocking starts, and how many epochs it takes. Whatever the creator chose. */
  readonly startEpoch: bigint;
  readonly unlockDuration: bigint;
  /** HAMT of transactions by ID. */
  readonly pendingTransactions: CID;
}

/** A call that some signers have approved, but not enough. */
export interface MultisigTransaction {
  readonly to: Address;
  readonly value: AttoFil;
  readonly method: bigint;
  readonly params: Uint8Array;
  /** ID addresses, the proposer's first. */
  readonly approved: readonly Address[];
}

/** How a multisig holds its state. Shape: the fields in their order. */
export const multisigStateCodec: Codec<MultisigState> = struct<MultisigState>("multisig actor's state", {
  signers: listOf(addressField),
  numApprovalsThreshold: numberField,
  nextTransactionId: intField,
  initialBalance: amountField,
  startEpoch: intField,
  unlockDuration: intField,
  pendingTransactions: cidField,
});

/** How a multisig holds transactions. Shape: `[to, value, method, params, approved]`. */
export const multisigTransactionCodec: Codec<MultisigTransaction> = struct<MultisigTransaction>(
  "multisig transaction",
  { to: addressField, value: amountField, method: uintField, params: bytesField, approved: listOf(addressField) },
);

/**
 * State of a multisig.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`, `state/actors-too-old`, `state/layout-unknown`
 * @see builtin-actors:actors/multisig/src/state.rs
 * @example
 * const { signers, numApprovalsThreshold } = runSync(multisigState(tree, wallet), store);
 */
export function multisigState(tree: StateTree, multisig: Address): Fetching<MultisigState> {
  return stateOfKind(tree, multisig, "multisig", multisigStateCodec);
}

/**
 * The transactions of a multisig that wait for approvals, by ID.
 *
 * @throws {HamtError} its node is none
 * @example
 * for (const [id, call] of runSync(pendingTransactions(state), store).entries(store)) show(id, call.approved.length);
 */
export function pendingTransactions(state: MultisigState): Fetching<Hamt<MultisigTransaction, bigint>> {
  const keys = { version: 3, keys: intKeys } as const;
  return loadHamt(fromCid(state.pendingTransactions), multisigTransactionCodec, keys);
}

/**
 * Funds of a multisig that are still locked at an epoch. What it has beyond them may be spent.
 *
 * @see builtin-actors:actors/multisig/src/state.rs amount_locked
 * @example
 * const spendable = actor.balance - lockedBalance(state, BigInt(head.height));
 */
export function lockedBalance(state: MultisigState, epoch: bigint): AttoFil {
  const elapsed = epoch - state.startEpoch;
  if (elapsed >= state.unlockDuration) return amounts.zero;
  if (elapsed <= 0n) return state.initialBalance;
  const locked = state.initialBalance * (state.unlockDuration - elapsed);
  return amounts.from((locked + state.unlockDuration - 1n) / state.unlockDuration); // rounded up
}
