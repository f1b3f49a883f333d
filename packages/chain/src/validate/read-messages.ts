import { type CidBytes, cidOf } from "@copse/ipld";
import { equalBytes, isCopseError } from "@copse/primitives";
import {
  decodeMessage,
  decodeSignedMessage,
  encodeMessage,
  encodeSignedMessage,
  type Message,
  type Signature,
} from "@copse/types";
import { type Findings, fault } from "./verdict.ts";

/** The messages of one block in the order it lists them: raw bytes as stores hold and peers serve them. */
export interface BlockMessages {
  /** Bare messages. */
  readonly bls: readonly Uint8Array[];
  /** Signed messages: secp256k1 and delegated. */
  readonly secp: readonly Uint8Array[];
}

/** A message with what the rules need of it. */
export interface ReadMessage {
  readonly list: "bls" | "secp";
  readonly index: number;
  readonly message: Message;
  /** `undefined` in the BLS list: the aggregate stands for it. */
  readonly signature: Signature | undefined;
  /** Of the listed form. */
  readonly cid: CidBytes;
  /** Of the bare message: what keys sign. The same as `cid` in the BLS list. */
  readonly bareCid: CidBytes;
  /** Of the listed form; it counts for gas. */
  readonly bytes: Uint8Array;
}

/**
 * Decodes a block's messages. One that is malformed, or that encodes otherwise than it stands, is a fault and left out.
 */
export function readMessages(block: string, height: number, raw: BlockMessages, found: Findings): ReadMessage[] {
  const read: ReadMessage[] = [];
  const add = (list: "bls" | "secp", index: number, bytes: Uint8Array): void => {
    const refuse = (why: string): void => {
      found.faults.push(fault("invalid", "block/message-malformed", { block, height, list, index, why }));
    };
    try {
      const one = list === "bls" ? readBls(bytes) : readSecp(bytes);
      if (equalBytes(one.encoded, bytes)) read.push({ list, index, bytes, ...one.message });
      else refuse("its bytes are not canonical");
    } catch (error) {
      if (!isCopseError(error)) throw error;
      refuse(error.message);
    }
  };
  for (const [index, bytes] of raw.bls.entries()) add("bls", index, bytes);
  for (const [index, bytes] of raw.secp.entries()) add("secp", index, bytes);
  return read;
}

type Parts = {
  readonly encoded: Uint8Array;
  readonly message: Pick<ReadMessage, "message" | "signature" | "cid" | "bareCid">;
};

function readBls(bytes: Uint8Array): Parts {
  const message = decodeMessage(bytes);
  const cid = cidOf(bytes);
  return { encoded: encodeMessage(message), message: { message, signature: undefined, cid, bareCid: cid } };
}

function readSecp(bytes: Uint8Array): Parts {
  const signed = decodeSignedMessage(bytes);
  const { message, signature } = signed;
  const bareCid = cidOf(encodeMessage(message));
  return { encoded: encodeSignedMessage(signed), message: { message, signature, cid: cidOf(bytes), bareCid } };
}
