import { CborWriter, type CidBytes, cidOf } from "@copse/ipld";
import { concatBytes, uint64BE } from "@copse/primitives";
import type { ActorState } from "@copse/state";
import { Address } from "@copse/types";

/** Bytes of the state of an actor that has none yet: an empty list. */
export const emptyStateBlock: Uint8Array = Uint8Array.of(0x80);

/** CID of the state of an actor that has none yet. */
export const emptyState: CidBytes = cidOf(emptyStateBlock);

/** An actor as it comes into being. */
export function newActor(code: CidBytes, delegatedAddress: Address | null): ActorState {
  return { code, head: emptyState, sequence: 0n, balance: 0n, delegatedAddress };
}

/** An address as actors get it for parameters. */
export function addressParams(address: Address): Uint8Array {
  return new CborWriter().bytes(address).finish();
}

/**
 * The f2 address of an actor a message makes: the same wherever the message is executed.
 *
 * @see ref-fvm:fvm/src/call_manager/default.rs next_actor_address
 */
export function actorAddress(origin: Address, nonce: bigint, actorsCreated: bigint): Address {
  return Address.actor(concatBytes(addressParams(origin), uint64BE(nonce), uint64BE(actorsCreated)));
}
