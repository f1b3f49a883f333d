import { type CidBytes, cidOf } from "@copse/ipld";
import { equalBytes, isCopseError } from "@copse/primitives";
import {
  type BlockMsg,
  decodeBlockMsg,
  decodeSignedMessage,
  encodeBlockHeader,
  type SignedMessage,
} from "@copse/types";
import type { CID } from "multiformats/cid";
import type { Verdict } from "./gossip-params.ts";

/** Most messages of a block, BLS and signed ones together. @see lotus build/buildconstants `BlockMessageLimit` */
export const maxBlockMessages = 10_000;
/** Most bytes of a gossiped message. @see lotus chain/messagepool `MaxMessageSize` */
export const maxMessageBytes: number = 64 << 10;
/** Most attoFIL that exist, and more than a message may move. */
const totalSupply = 2_000_000_000n * 10n ** 18n;

/** A payload judged by its bytes alone: what it is when it may go on to the validators, or why it may not. */
export type Judged<T> =
  | { readonly verdict: "accept"; readonly value: T }
  | { readonly verdict: Exclude<Verdict, "accept">; readonly reason: string };

/** A block of gossip that passed the checks which need no chain. */
export interface GossipBlock {
  readonly block: BlockMsg;
  /** CID of its header. */
  readonly cid: CidBytes;
  /** Peer that gave it to us; not always its first publisher. */
  readonly from: string;
}

/** A message of gossip that passed the checks which need no chain. */
export interface GossipMessage {
  readonly message: SignedMessage;
  /** As it came. */
  readonly bytes: Uint8Array;
  readonly from: string;
}

/** The CID of the MsgMeta over a block's lists; the app makes it of `amt`. */
export type MessageRoot = (blsMessages: readonly CID[], secpMessages: readonly CID[]) => CidBytes;

/**
 * Judges a block by its bytes alone, as Lotus does before it looks at its chain: reject what does not decode, has too many
 * messages, no signature, no win, or other messages than its header names.
 *
 * @see lotus chain/consensus/common.go `ValidateBlockPubsub`, chain/consensus/filcns/filecoin.go
 */
export function judgeBlock(bytes: Uint8Array, from: string, messageRoot: MessageRoot): Judged<GossipBlock> {
  let block: BlockMsg;
  try {
    block = decodeBlockMsg(bytes);
  } catch (error) {
    if (!isCopseError(error)) throw error;
    return reject(error.message);
  }
  const { header, blsMessages, secpMessages } = block;
  const count = blsMessages.length + secpMessages.length;
  if (count > maxBlockMessages) return reject(`${count} messages, limit ${maxBlockMessages}`);
  if (header.blockSig === null) return reject("no block signature");
  if (header.electionProof === null || header.electionProof.winCount < 1) return reject("no win");
  if (header.ticket === null) return reject("no ticket");
  if (!equalBytes(messageRoot(blsMessages, secpMessages), header.messages.bytes)) {
    return reject("its messages are not those its header names");
  }
  return { verdict: "accept", value: { block, cid: cidOf(encodeBlockHeader(header)), from } };
}

/**
 * Judges a message by its bytes alone: reject what is too long, does not decode, or moves more than exists.
 *
 * @see lotus chain/sub/incoming.go `MessageValidator`
 */
export function judgeMessage(bytes: Uint8Array, from: string): Judged<GossipMessage> {
  if (bytes.length > maxMessageBytes) return reject(`${bytes.length} B, limit ${maxMessageBytes} B`);
  let message: SignedMessage;
  try {
    message = decodeSignedMessage(bytes);
  } catch (error) {
    if (!isCopseError(error)) throw error;
    return reject(error.message);
  }
  const { value } = message.message;
  if (value < 0n || value >= totalSupply) return reject(`a value of ${value} attoFIL`);
  return { verdict: "accept", value: { message, bytes, from } };
}

function reject(reason: string): { verdict: "reject"; reason: string } {
  return { verdict: "reject", reason };
}
