import { bytesToBigint } from "@copse/primitives";
import type { AttoFil } from "../atto-fil.ts";
import { TypesError } from "../errors.ts";
import { decodeRlp, type RlpValue } from "./rlp.ts";
import { kindOfV } from "./signature-form.ts";
import type { EthTransaction } from "./transaction.ts";

/**
 * Reads a signed transaction as wallets send it. Of the typed ones only EIP-1559, without an access list; of the untyped
 * those of this chain or any. Integers may have leading zeros, as in Lotus, which then hash differently.
 *
 * Cost: `to` and `input` are copies.
 *
 * @param chainId of the network it is meant for
 * @throws {TypesError} `eth/rlp-malformed`, `eth/transaction-malformed`
 * @see lotus:chain/types/ethtypes/eth_transactions.go ParseEthTransaction
 * @example
 * parseEthTransaction(signedBytes(transaction), 314) // => transaction
 */
export function parseEthTransaction(bytes: Uint8Array, chainId: number): EthTransaction {
  const type = bytes[0];
  if (type === 2) return typed(decodeRlp(bytes.subarray(1)), chainId);
  if (type === undefined || type < 0x80) throw malformed(type === undefined ? "empty" : `type ${type}`);
  return untyped(decodeRlp(bytes), chainId);
}

function typed(value: RlpValue, chainId: number): EthTransaction {
  const items = list(value, 12);
  const accessList = items[8];
  if (accessList instanceof Uint8Array || accessList?.length !== 0) throw malformed("it has an access list");
  const found = signed64(items[0]);
  const v = amount(items[9]);
  if (v > 1n) throw malformed(`v is ${v}`);
  const tx: EthTransaction = {
    kind: "eip1559",
    chainId,
    nonce: BigInt.asUintN(64, signed64(items[1])),
    maxPriorityFeePerGas: amount(items[2]),
    maxFeePerGas: amount(items[3]),
    gasLimit: signed64(items[4]),
    to: address(items[5]),
    value: amount(items[6]),
    input: text(items[7]).slice(),
    signature: { v, r: amount(items[10]), s: amount(items[11]) },
  };
  if (found !== BigInt(chainId)) throw malformed(`it is for chain ${found}`);
  return tx;
}

function untyped(value: RlpValue, chainId: number): EthTransaction {
  const items = list(value, 9);
  const gasPrice = amount(items[1]);
  const v = amount(items[6]);
  const kind = kindOfV(v, chainId);
  if (kind === undefined) throw malformed(`v is ${v}, of no chain or another one`);
  return {
    kind,
    chainId: kind === "homestead" ? 0 : chainId,
    nonce: BigInt.asUintN(64, signed64(items[0])),
    maxPriorityFeePerGas: gasPrice,
    maxFeePerGas: gasPrice,
    gasLimit: signed64(items[2]),
    to: address(items[3]),
    value: amount(items[4]),
    input: text(items[5]).slice(),
    signature: { v, r: amount(items[7]), s: amount(items[8]) },
  };
}

function list(value: RlpValue, count: number): readonly RlpValue[] {
  if (value instanceof Uint8Array) throw malformed("it is no list");
  if (value.length !== count) throw malformed(`${value.length} fields, wanted ${count}`);
  return value;
}

function text(value: RlpValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw malformed("a list where bytes belong");
}

function amount(value: RlpValue | undefined): AttoFil {
  return bytesToBigint(text(value)) as AttoFil;
}

function signed64(value: RlpValue | undefined): bigint {
  const bytes = text(value);
  if (bytes.length > 8) throw malformed("an integer past 64 bits");
  return BigInt.asIntN(64, bytesToBigint(bytes));
}

function address(value: RlpValue | undefined): Uint8Array | undefined {
  const bytes = text(value);
  if (bytes.length !== 0 && bytes.length !== 20) throw malformed(`an address of ${bytes.length} B`);
  return bytes.length === 0 ? undefined : bytes.slice();
}

function malformed(reason: string): TypesError {
  return new TypesError("eth/transaction-malformed", { reason });
}
