// The subpath `@copse/types/execution`: what `chain` hands to a VM, and what it gets back.
import type { CidBytes } from "@copse/ipld";
import type { Address } from "./address.ts";
import type { Message } from "./message.ts";
import type { Receipt } from "./receipt.ts";

/** A message that is executed as part of a tipset. */
export interface ExecutableMessage {
  readonly message: Message;
  /** Bytes of its form on chain, bare or signed: they cost gas. See `storedBytes`. */
  readonly onChainLength: number;
}

/** A block as far as it is executed. */
export interface ExecutableBlock {
  /** ID address. */
  readonly miner: Address;
  readonly winCount: number;
  /** Those selected for execution, BLS before secp; each message of a tipset once. */
  readonly messages: readonly ExecutableMessage[];
}

/** A tipset as a VM sees it. */
export interface ExecutableTipset {
  readonly epoch: number;
  /** Of its parents: cron runs once for each epoch between. */
  readonly parentEpoch: number;
  /** State after the parents. */
  readonly parentStateRoot: CidBytes;
  /** The smallest of its blocks. Unit: seconds since 1970. */
  readonly timestamp: number;
  /** What its blocks name as parent base fee. Unit: attoFIL per gas. */
  readonly baseFee: bigint;
  /** In canonical order. */
  readonly blocks: readonly ExecutableBlock[];
}

/** What became of a tipset: what its children must name. */
export interface ExecutedTipset {
  readonly stateRoot: CidBytes;
  readonly receiptsRoot: CidBytes;
  /** One for each message, in order of execution. */
  readonly receipts: readonly Receipt[];
}
