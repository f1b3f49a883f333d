import { loadAmt } from "@copse/amt";
import type { BlockEntry } from "@copse/blockstore";
import { type CidBytes, cidOf, fromCid, linkCodec, runSync, type SyncBlockReader } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { decodeMsgMeta } from "@copse/types";
import { messageRoot } from "../rules/message-root.ts";

/** A message as its block lists it. */
export interface StoredMessage {
  /** Of the bare message in the BLS list, of the signed one in the other. */
  readonly cid: CidBytes;
  readonly bytes: Uint8Array;
}

/** The messages of a block in its order. */
export interface StoredMessages {
  readonly bls: readonly StoredMessage[];
  readonly secp: readonly StoredMessage[];
}

/**
 * Reads the messages a header names, or `undefined` where some are not stored.
 *
 * @param root binary CID of the MsgMeta: the header's `messages`
 * @throws {AmtError} a list is malformed; it was stored without being checked
 */
export function readStoredMessages(blocks: SyncBlockReader, root: CidBytes): StoredMessages | undefined {
  try {
    const meta = blocks.getSync(root);
    if (meta === undefined) return undefined;
    const { blsMessages, secpMessages } = decodeMsgMeta(meta);
    const bls = readList(blocks, fromCid(blsMessages));
    const secp = bls && readList(blocks, fromCid(secpMessages));
    return bls && secp && { bls, secp };
  } catch (error) {
    if (isCopseError(error, "host/block-missing")) return undefined;
    throw error;
  }
}

function readList(blocks: SyncBlockReader, root: CidBytes): StoredMessage[] | undefined {
  const messages: StoredMessage[] = [];
  let missing = false;
  const list = runSync(loadAmt(root, linkCodec, { version: 0 }), blocks);
  const visit = (_: bigint, cid: CidBytes): boolean => {
    const bytes = blocks.getSync(cid);
    if (bytes === undefined) missing = true;
    else messages.push({ cid, bytes });
    return !missing;
  };
  runSync(list.walk(visit), blocks);
  return missing ? undefined : messages;
}

/**
 * The blocks to store for the messages of one block, and the root a header must name for them.
 *
 * @example
 * messageBlocks({ bls: [], secp: [] }).blocks.length // => 3: two empty lists and the pair of them (as two are the same)
 */
export function messageBlocks(messages: {
  readonly bls: readonly Uint8Array[];
  readonly secp: readonly Uint8Array[];
}): { readonly root: CidBytes; readonly blocks: readonly BlockEntry[] } {
  const bls = messages.bls.map((bytes): BlockEntry => [cidOf(bytes), bytes]);
  const secp = messages.secp.map((bytes): BlockEntry => [cidOf(bytes), bytes]);
  const cids = (entries: readonly BlockEntry[]): CidBytes[] => entries.map(([cid]) => cid);
  const { root, blocks } = messageRoot(cids(bls), cids(secp));
  return { root, blocks: [...bls, ...secp, ...blocks] };
}
