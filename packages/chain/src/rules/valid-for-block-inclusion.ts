import { equalBytes } from "@copse/primitives";
import type { MessageGasPrice } from "@copse/types/networks";
import { blockGasLimit } from "./base-fee.ts";
import { scheduledAt } from "./scheduled-at.ts";

/** Unit: attoFIL. More than this will never exist. */
export const totalFilecoin: bigint = 2_000_000_000n * 10n ** 18n;

/** The address of the all-zero BLS key, which nobody may pay into since network version 7. */
const zeroBlsAddress: Uint8Array = Uint8Array.of(3, 0xc0, ...new Array<number>(47).fill(0));

/** What the rule reads of a message. */
export interface MessageFields {
  readonly version: number | bigint;
  /** Address bytes; empty when undefined. */
  readonly to: Uint8Array;
  readonly from: Uint8Array;
  readonly value: bigint;
  readonly gasLimit: bigint;
  readonly gasFeeCap: bigint;
  readonly gasPremium: bigint;
}

/** A field of a message that breaks the rule, what it held and what it had to be. */
export interface MessageFault {
  readonly field: "version" | "to" | "from" | "value" | "gasFeeCap" | "gasPremium" | "gasLimit";
  readonly found: string;
  readonly expected: string;
}

/**
 * The syntax a message must have to stand in a block, first broken rule first.
 *
 * @param minimumGas - see `onChainMessageGas`
 * @param networkVersion - of the block's epoch
 * @returns `undefined` when the message is well-formed
 * @see lotus:chain/types/message.go ValidForBlockInclusion
 * @example
 * validForBlockInclusion({ ...message, value: -1n }, 100_000n, 28) // => { field: "value", found: "-1", … }
 */
export function validForBlockInclusion(
  message: MessageFields,
  minimumGas: bigint,
  networkVersion: number,
): MessageFault | undefined {
  const { to, from, value, gasFeeCap, gasPremium, gasLimit } = message;
  if (BigInt(message.version) !== 0n) return fault("version", message.version, "0");
  if (to.length === 0) return fault("to", "none", "an address");
  if (networkVersion >= 7 && equalBytes(to, zeroBlsAddress)) return fault("to", "the zero BLS address", "another");
  if (!isKnownProtocol(to, networkVersion)) return fault("to", `f${to[0]}`, protocolsAt(networkVersion));
  if (from.length === 0) return fault("from", "none", "an address");
  if (!isKnownProtocol(from, networkVersion)) return fault("from", `f${from[0]}`, protocolsAt(networkVersion));
  if (value < 0n || value > totalFilecoin) return fault("value", value, `0 to ${totalFilecoin}`);
  if (gasFeeCap < 0n) return fault("gasFeeCap", gasFeeCap, "at least 0");
  if (gasPremium < 0n) return fault("gasPremium", gasPremium, "at least 0");
  if (gasPremium > gasFeeCap) return fault("gasPremium", gasPremium, `at most the fee cap ${gasFeeCap}`);
  if (gasLimit > blockGasLimit) return fault("gasLimit", gasLimit, `at most ${blockGasLimit}`);
  if (gasLimit <= 0n) return fault("gasLimit", gasLimit, "above 0");
  if (gasLimit < minimumGas) return fault("gasLimit", gasLimit, `at least ${minimumGas}`);
  return undefined;
}

function fault(field: MessageFault["field"], found: unknown, expected: string): MessageFault {
  return { field, found: String(found), expected };
}

function isKnownProtocol(address: Uint8Array, networkVersion: number): boolean {
  return (address[0] as number) <= (networkVersion >= 18 ? 4 : 3);
}

function protocolsAt(networkVersion: number): string {
  return networkVersion >= 18 ? "f0 to f4" : "f0 to f3";
}

/**
 * The gas a message's own bytes cost, the least its limit may be.
 *
 * The table switches *at* the upgrade's height, one epoch before the network version does. Upgrades at or below height 0
 * leave the first row in force, as the reference's lookup over heights does; the machine still charges the true price.
 *
 * @param length - of the message as listed: the signed form for secp and delegated messages. Unit: bytes
 * @param height - of the block
 * @param prices - the network's `messageGas`
 * @returns unit: gas
 * @see lotus:chain/vm/gas.go PricelistByEpoch, OnChainMessage
 * @example
 * onChainMessageGas(100, 1, mainnet.messageGas) // => 174863n
 */
export function onChainMessageGas(length: number, height: number, prices: readonly MessageGasPrice[]): bigint {
  const { base, perByte } = scheduledAt(prices, height);
  return BigInt(base + (36 + length) * perByte);
}

/**
 * Tells whether a signature type may stand in the secp list of a block. Unchecked before network version 14.
 *
 * @param type - 1 secp256k1, 2 BLS, 3 delegated
 * @see lotus:chain/consensus/signatures.go IsValidSecpkSigType
 * @example
 * isListedSignatureType(3, 18) // => true
 */
export function isListedSignatureType(type: number, networkVersion: number): boolean {
  if (networkVersion < 14) return true;
  return type === 1 || (networkVersion >= 18 && type === 3);
}
