import { keccak256, secp256k1 } from "@copse/crypto";
import { CborReader, CborWriter } from "@copse/ipld";
import { equalBytes, isCopseError } from "@copse/primitives";
import { type Address, id } from "../address.ts";
import { delegatedFromSecp256k1, fromEth, toEth } from "../address-eth.ts";
import { TypesError } from "../errors.ts";
import type { Message, SignedMessage } from "../message.ts";
import { readSignatureData, recoverable, signatureData } from "./signature-form.ts";
import { type EthTransaction, type UnsignedEthTransaction, unsignedBytes } from "./transaction.ts";

/** The Ethereum Address Manager, which makes contracts: `f010`. */
export const addressManager: Address = id(10);
/** Its method that an account of Ethereum makes a contract by. */
export const createExternal: bigint = 4n;
/** The method of contracts that runs them. @see FIP-0054 */
export const invokeContract: bigint = 3844450837n;

function unmappable(reason: string, cause?: unknown): TypesError {
  return new TypesError("eth/message-unmappable", { reason }, { cause });
}

/**
 * The transaction behind a message with a delegated signature. That it maps back to the same message is for
 * `verifyMessageSignature` to check.
 *
 * @param chainId of the network the message is on
 * @throws {TypesError} `eth/message-unmappable`
 * @see lotus:chain/types/ethtypes/eth_transactions.go EthTransactionFromSignedFilecoinMessage
 * @example
 * ethTransactionOf(signedByEth, 314).kind // => "eip1559"
 */
export function ethTransactionOf(signed: SignedMessage, chainId: number): EthTransaction {
  if (signed.signature.type !== 3) throw unmappable(`signature type ${signed.signature.type}`);
  if (toEth(signed.message.from) === undefined) throw unmappable("the sender has no eth address");
  const form = readSignatureData(signed.signature.data, chainId);
  return { ...unsignedOf(signed.message, form.kind, chainId), signature: form.signature };
}

/**
 * The transaction a sender with a delegated key has to sign for a message: of kind eip1559, unless told otherwise.
 *
 * @throws {TypesError} `eth/message-unmappable`
 * @example
 * unsignedOf(signedByEth.message, "eip155", 314).chainId // => 314
 */
export function unsignedOf(message: Message, kind: EthTransaction["kind"], chainId: number): UnsignedEthTransaction {
  if (message.version !== 0) throw unmappable(`message version ${message.version}`);
  return {
    kind,
    chainId: kind === "homestead" ? 0 : chainId,
    nonce: message.nonce,
    to: recipient(message),
    value: message.value,
    gasLimit: message.gasLimit,
    maxFeePerGas: message.gasFeeCap,
    maxPriorityFeePerGas: kind === "eip1559" ? message.gasPremium : message.gasFeeCap,
    input: input(message.params),
  };
}

function recipient(message: Message): Uint8Array | undefined {
  if (equalBytes(message.to, addressManager)) {
    if (message.method === createExternal) return undefined;
    throw unmappable(`method ${message.method} of the address manager`);
  }
  if (message.method !== invokeContract) throw unmappable(`method ${message.method}`);
  const eth = toEth(message.to);
  if (eth === undefined) throw unmappable("the recipient has no eth address");
  return eth;
}

/** The bytes within params: one CBOR byte string, or nothing at all for no bytes. */
function input(params: Uint8Array): Uint8Array {
  if (params.length === 0) return params;
  try {
    const reader = new CborReader(params);
    const bytes = reader.bytes(params.length);
    reader.end();
    if (bytes.length > 0) return bytes;
  } catch (error) {
    if (!isCopseError(error, "cbor/")) throw error;
    throw unmappable("params are no CBOR byte string", error);
  }
  throw unmappable("params hold an empty byte string");
}

/**
 * The message of a transaction.
 *
 * @throws {TypesError} `address/length-wrong`, `address/id-malformed` for a `to` that is no address
 * @see lotus:chain/types/ethtypes ToUnsignedFilecoinMessage
 * @example
 * messageOf(ethTransactionOf(signedByEth, 314), signedByEth.message.from) // => signedByEth.message
 */
export function messageOf(tx: UnsignedEthTransaction, from: Address): Message {
  return {
    version: 0,
    to: tx.to === undefined ? addressManager : fromEth(tx.to),
    from,
    nonce: tx.nonce,
    value: tx.value,
    gasLimit: tx.gasLimit,
    gasFeeCap: tx.maxFeePerGas,
    gasPremium: tx.maxPriorityFeePerGas,
    method: tx.to === undefined ? createExternal : invokeContract,
    params: tx.input.length === 0 ? tx.input : new CborWriter(tx.input.length + 9).bytes(tx.input).finish(),
  };
}

/**
 * The sender of a transaction: the `f410…` address its signature recovers to.
 *
 * @throws {CryptoError} `crypto/not-recoverable`
 * @throws {TypesError} `eth/transaction-malformed`
 * @example
 * senderOf(ethTransactionOf(signedByEth, 314)) // => signedByEth.message.from
 */
export function senderOf(tx: EthTransaction): Address {
  return delegatedFromSecp256k1(secp256k1.recover(keccak256(unsignedBytes(tx)), recoverable(tx)));
}

/**
 * The signed message of a transaction, as a node makes it of what a wallet of Ethereum sends.
 *
 * @throws {CryptoError} `crypto/not-recoverable`
 * @throws {TypesError} `eth/transaction-malformed`
 * @see lotus:chain/types/ethtypes/eth_transactions.go ToSignedFilecoinMessage
 * @example
 * signedMessageOf(ethTransactionOf(signedByEth, 314)) // => signedByEth
 */
export function signedMessageOf(tx: EthTransaction): SignedMessage {
  const data = signatureData(tx);
  return { message: messageOf(tx, senderOf(tx)), signature: { type: 3, data } };
}
