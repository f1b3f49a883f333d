import { evmStorage, type Kamt, loadKamt, u256Codec } from "@copse/hamt/kamt";
import { type Codec, type Fetching, fromCid } from "@copse/ipld";
import type { Address } from "@copse/types";
import type { CID } from "multiformats/cid";
import { stateOfKind } from "../actor-of-kind.ts";
import { bytesField, cidField, orNull, uintField } from "../field-codecs.ts";
import type { StateTree } from "../state-tree.ts";
import { struct } from "../struct.ts";

/** A message by its sender and nonce. */
export interface MessageMark {
  /** ID of the actor that sent the message. */
  readonly origin: bigint;
  readonly nonce: bigint;
}

/** Storage that lasts as long as one message. */
export interface TransientData {
  /** KAMT of words. */
  readonly state: CID;
  readonly lifespan: MessageMark;
}

/** State of an EVM contract. */
export interface EvmState {
  /** A raw block. */
  readonly bytecode: CID;
  /** Keccak-256 of the bytecode. */
  readonly bytecodeHash: Uint8Array;
  /** KAMT: slot to word. */
  readonly contractState: CID;
  /** That of the last message that wrote some, which no other sees. Since actors v16. */
  readonly transientData: TransientData | null | undefined;
  /** Contracts it has created, and one. */
  readonly nonce: bigint;
  /** The message in which it destroyed itself: it is gone after that one. */
  readonly tombstone: MessageMark | null;
}

const markCodec = struct<MessageMark>("EVM actor's tombstone or lifespan", { origin: uintField, nonce: uintField });

/** How a contract holds its state. Shape: `[bytecode, hash, storage, nonce, tombstone]`; v16 adds one in the middle. */
export const evmStateCodec: Codec<EvmState> = struct<EvmState>(
  "EVM actor's state",
  {
    bytecode: cidField,
    bytecodeHash: bytesField,
    contractState: cidField,
    transientData: orNull(struct<TransientData>("transient data", { state: cidField, lifespan: markCodec })),
    nonce: uintField,
    tombstone: orNull(markCodec),
  },
  [
    { actors: 10, lacks: ["transientData"] },
    { actors: 16, lacks: [] },
  ],
);

/**
 * State of an EVM contract.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`, `state/layout-unknown`
 * @see builtin-actors:actors/evm/src/state.rs
 * @example
 * const { nonce } = runSync(evmState(tree, Address.fromEth(contract)), store);
 */
export function evmState(tree: StateTree, contract: Address): Fetching<EvmState> {
  return stateOfKind(tree, contract, "evm", evmStateCodec);
}

/**
 * A contract's bytecode: that with which it was created, also when it destroyed itself.
 *
 * @example
 * const code = state.tombstone === null ? runSync(evmBytecode(state), store) : new Uint8Array();
 */
export function* evmBytecode(state: EvmState): Fetching<Uint8Array> {
  return (yield fromCid(state.bytecode)).slice();
}

/**
 * A contract's storage: slot to word. A slot that is not there is 0.
 *
 * @throws {KamtError} its node is none
 * @example
 * const word = runSync(runSync(evmSlots(state), store).get(0n), store) ?? 0n;
 */
export function evmSlots(state: EvmState): Fetching<Kamt<bigint, bigint>> {
  return loadKamt(fromCid(state.contractState), u256Codec, evmStorage);
}

/**
 * The words that a contract's last message kept for itself, by slot; `undefined` where there are none.
 *
 * @throws {KamtError} its node is none
 * @see FIPs:fip-0097
 * @example
 * const words = runSync(evmTransientSlots(state), store);
 */
export function* evmTransientSlots({ transientData }: EvmState): Fetching<Kamt<bigint, bigint> | undefined> {
  if (transientData === undefined || transientData === null) return undefined;
  return yield* loadKamt(fromCid(transientData.state), u256Codec, evmStorage);
}
