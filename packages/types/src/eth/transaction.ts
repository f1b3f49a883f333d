import { keccak256 } from "@copse/crypto";
import { bigintToBytes, concatBytes, uint64BE } from "@copse/primitives";
import type { AttoFil } from "../atto-fil.ts";
import { encodeBigInt } from "../atto-fil.ts";
import { encodeRlp, type RlpValue } from "./rlp.ts";

/**
 * Which of Ethereum's forms a transaction has: with two fees (EIP-1559), with one and the chain in its signature
 * (EIP-155), or with one and for any chain (homestead).
 */
export type EthKind = "eip1559" | "eip155" | "homestead";

/** A signature as Ethereum writes it: three integers. `v` tells the parity, in eip155 the chain too. */
export interface EthSignature {
  readonly r: bigint;
  readonly s: bigint;
  readonly v: bigint;
}

/** A transaction of Ethereum, of the forms Filecoin takes. */
export interface EthTransaction {
  readonly kind: EthKind;
  /** EIP-155; 0 for homestead. */
  readonly chainId: number;
  /** 64 bits. */
  readonly nonce: bigint;
  /** 20 B; absent where a contract is made. */
  readonly to: Uint8Array | undefined;
  readonly value: AttoFil;
  /** 64 bits, signed as in messages. */
  readonly gasLimit: bigint;
  /** The gas price of the older kinds. */
  readonly maxFeePerGas: AttoFil;
  /** As `maxFeePerGas` for the older kinds. */
  readonly maxPriorityFeePerGas: AttoFil;
  readonly input: Uint8Array;
  readonly signature: EthSignature;
}

/** A transaction before it is signed. */
export type UnsignedEthTransaction = Omit<EthTransaction, "signature">;

const none: Uint8Array = new Uint8Array(0);
const typeByte: Uint8Array = Uint8Array.of(2); // EIP-2718: EIP-1559

/** 64 bits, big-endian, without leading zeros: two's complement where negative, as Lotus writes them. */
function integer(value: bigint | number): Uint8Array {
  return trim(uint64BE(value));
}

/** An amount as RLP has it; negative ones, which no valid message holds, keep their sign byte as in Lotus. */
function amount(value: bigint): Uint8Array {
  return trim(encodeBigInt(value));
}

function trim(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? none : bytes.subarray(first);
}

function fields(tx: UnsignedEthTransaction): RlpValue[] {
  const call = [integer(tx.gasLimit), tx.to ?? none, amount(tx.value), tx.input];
  if (tx.kind !== "eip1559") return [integer(tx.nonce), amount(tx.maxFeePerGas), ...call];
  const fees = [amount(tx.maxPriorityFeePerGas), amount(tx.maxFeePerGas)];
  return [integer(tx.chainId), integer(tx.nonce), ...fees, ...call, []];
}

/**
 * What the sender signs, by the keccak-256 of it.
 *
 * @see lotus:chain/types/ethtypes ToRlpUnsignedMsg
 * @example
 * unsignedBytes(transaction)[0] // => 2
 */
export function unsignedBytes(tx: UnsignedEthTransaction): Uint8Array {
  if (tx.kind === "eip1559") return concatBytes(typeByte, encodeRlp(fields(tx)));
  return encodeRlp(tx.kind === "eip155" ? [...fields(tx), integer(tx.chainId), none, none] : fields(tx));
}

/**
 * The whole transaction, as wallets send it.
 *
 * @example
 * signedBytes(transaction)[0] // => 2
 */
export function signedBytes(tx: EthTransaction): Uint8Array {
  const { r, s, v } = tx.signature;
  const whole = encodeRlp([...fields(tx), bigintToBytes(v), bigintToBytes(r), bigintToBytes(s)]);
  return tx.kind === "eip1559" ? concatBytes(typeByte, whole) : whole;
}

/**
 * The hash a transaction goes by in eth APIs: keccak-256 of {@link signedBytes}. Size: 32 B.
 *
 * @example
 * transactionHash(transaction) // => keccak256(signedBytes(transaction))
 */
export function transactionHash(tx: EthTransaction): Uint8Array {
  return keccak256(signedBytes(tx));
}
