export { type AuthenticateOptions, signatureCheckOf, verifyMessageSignature } from "./authenticate.ts";
export {
  type BlockMsg,
  decodeBlockMsg,
  decodeMsgMeta,
  encodeBlockMsg,
  encodeMsgMeta,
  type MsgMeta,
  msgMetaCid,
} from "./block-messages.ts";
export { TypesError, type TypesFacts } from "./errors.ts";
export {
  type BeaconEntry,
  type BlockHeader,
  blockCid,
  blockHeaderCodec,
  decodeBlockHeader,
  type ElectionProof,
  encodeBlockHeader,
  type PoStProof,
  signingBytes,
  type Ticket,
} from "./header.ts";
export {
  decodeMessage,
  decodeSignedMessage,
  encodeMessage,
  encodeSignedMessage,
  type Message,
  messageCid,
  messageCodec,
  messageSigningBytes,
  type SignedMessage,
  signedMessageCid,
  signedMessageCodec,
  storedBytes,
} from "./message.ts";
export { Address, AttoFil, TipsetKey } from "./namespaces.ts";
export { butterflynet } from "./networks/butterflynet.ts";
export { network, networks } from "./networks/by-name.ts";
export { calibnet } from "./networks/calibnet.ts";
export { devnet } from "./networks/devnet.ts";
export { mainnet } from "./networks/mainnet.ts";
export { drandAt, type Network, type NetworkRules, networkVersion, upgradeHeight } from "./networks/network.ts";
export { decodeReceipt, encodeReceipt, type Receipt } from "./receipt.ts";
export { addressOfKey, type SigningKey, signMessage } from "./sign.ts";
export type {
  Signature,
  SignatureType,
} from "./signature.ts";
export { createTipset, minTimestamp, type Tipset } from "./tipset.ts";
