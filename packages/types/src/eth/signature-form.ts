import { bigintToBytes, bytesToBigint, concatBytes } from "@copse/primitives";
import { TypesError } from "../errors.ts";
import type { EthKind, EthSignature, EthTransaction } from "./transaction.ts";

/**
 * The forms a delegated signature's data has on chain. What they begin with tells the older kinds of transactions:
 *
 * eip1559: `r ‖ s ‖ v`, 65 B, v 0 or 1. homestead: `01 ‖ r ‖ s ‖ v`, 66 B, v 27 or 28. eip155: `02 ‖ r ‖ s ‖ v`, v
 * 35 or 36 more than twice the chain id, in as many bytes as that takes.
 *
 * @see lotus:chain/types/ethtypes/eth_transactions.go EthTransactionFromSignedFilecoinMessage
 */
const prefixes: { readonly homestead: 1; readonly eip155: 2 } = { homestead: 1, eip155: 2 };

/** The two values `v` may have in eip155, even parity first. */
function chainV(chainId: number): readonly [bigint, bigint] {
  const twice = 2n * BigInt(chainId);
  return [twice + 35n, twice + 36n];
}

/** The kind of a transaction of one gas price by its `v`; `undefined` for another chain's, and where none fits. */
export function kindOfV(v: bigint, chainId: number): EthKind | undefined {
  if (v === 27n || v === 28n) return "homestead";
  return chainV(chainId).includes(v) ? "eip155" : undefined;
}

/**
 * Reads the data of a delegated signature.
 *
 * @throws {TypesError} `eth/message-unmappable`
 */
export function readSignatureData(data: Uint8Array, chainId: number): { kind: EthKind; signature: EthSignature } {
  if (data.length === 65) return { kind: "eip1559", signature: split(data) };
  const kind = data[0] === prefixes.homestead ? "homestead" : data[0] === prefixes.eip155 ? "eip155" : undefined;
  const lengths = kind === "homestead" ? [66] : chainV(chainId).map((v) => 65 + bigintToBytes(v).length);
  if (kind === undefined || !lengths.includes(data.length)) throw unmappable(`a signature of ${data.length} B`);
  const signature = split(data.subarray(1));
  if (kindOfV(signature.v, chainId) !== kind) throw unmappable(`v is ${signature.v}`);
  return { kind, signature };
}

function split(data: Uint8Array): EthSignature {
  const [r, s, v] = [data.subarray(0, 32), data.subarray(32, 64), data.subarray(64)].map(bytesToBigint);
  return { r: r as bigint, s: s as bigint, v: v as bigint };
}

function unmappable(reason: string): TypesError {
  return new TypesError("eth/message-unmappable", { reason });
}

/**
 * The data of the delegated signature a transaction becomes.
 *
 * @throws {TypesError} `eth/transaction-malformed`
 * @example
 * signatureData(transaction) // => signedByEth.signature.data
 */
export function signatureData(tx: EthTransaction): Uint8Array {
  const { r, s, v } = tx.signature;
  const both = concatBytes(word(r), word(s));
  if (tx.kind === "eip1559") return concatBytes(both, Uint8Array.of(Number(v)));
  return concatBytes(Uint8Array.of(prefixes[tx.kind]), both, bigintToBytes(v));
}

function word(value: bigint): Uint8Array {
  const bytes = bigintToBytes(value);
  if (bytes.length > 32) throw new TypesError("eth/transaction-malformed", { reason: "r or s is past 32 B" });
  return concatBytes(new Uint8Array(32 - bytes.length), bytes);
}

/**
 * The signature as `secp256k1` recovers it: `r ‖ s ‖ parity`, 65 B.
 *
 * @example
 * recoverable(transaction).length // => 65
 */
export function recoverable(tx: EthTransaction): Uint8Array {
  const { r, s, v } = tx.signature;
  const parity = tx.kind === "eip1559" ? v : tx.kind === "homestead" ? v - 27n : v - chainV(tx.chainId)[0];
  return concatBytes(word(r), word(s), Uint8Array.of(Number(parity)));
}
