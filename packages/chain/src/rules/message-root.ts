import { amtRoot } from "@copse/amt";
import { type CidBytes, cidOf, linkCodec, toCid } from "@copse/ipld";
import { encodeMsgMeta } from "@copse/types";

/** The root of a block's messages, and the blocks below it in the order they were made. */
export interface MessageRoot {
  /** What the header names as `messages`. */
  readonly root: CidBytes;
  /** Nodes of both lists and the block that names them. */
  readonly blocks: readonly (readonly [CidBytes, Uint8Array])[];
}

/**
 * Builds the root of a block's messages from their CIDs: two AMTs of the first version, which headers keep for ever, and
 * the pair of their roots.
 *
 * @see lotus:chain/consensus/common.go validateMsgMeta
 * @example
 * toCid(messageRoot([], []).root).toString() // => "bafy2bzacecmda75ovposbdateg7eyhwij65zklgyijgcjwynlklmqazpwlhba"
 */
export function messageRoot(bls: readonly CidBytes[], secp: readonly CidBytes[]): MessageRoot {
  const blsList = amtRoot(bls, linkCodec, { version: 0 });
  const secpList = amtRoot(secp, linkCodec, { version: 0 });
  const meta = encodeMsgMeta({ blsMessages: toCid(blsList.root), secpMessages: toCid(secpList.root) });
  const root = cidOf(meta);
  return { root, blocks: [...blsList.blocks, ...secpList.blocks, [root, meta]] };
}
