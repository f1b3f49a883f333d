// The subpath `@copse/types/eth`: messages as transactions of Ethereum, and the reverse.
export {
  addressManager,
  createExternal,
  ethTransactionOf,
  invokeContract,
  messageOf,
  senderOf,
  signedMessageOf,
  unsignedOf,
} from "./eth/message-form.ts";
export { parseEthTransaction } from "./eth/parse.ts";
export { decodeRlp, encodeRlp, type RlpValue } from "./eth/rlp.ts";
export { recoverable, signatureData } from "./eth/signature-form.ts";
export {
  type EthKind,
  type EthSignature,
  type EthTransaction,
  signedBytes,
  transactionHash,
  type UnsignedEthTransaction,
  unsignedBytes,
} from "./eth/transaction.ts";
