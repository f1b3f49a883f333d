import type { ChainStore, LinkedTipset } from "@copse/chain";
import type { BadBlocks, Intake } from "@copse/chain/head";
import { epochAt, isListedSignatureType, onChainMessageGas, validForBlockInclusion } from "@copse/chain/rules";
import type { GossipBlock, GossipMessage, Verdict } from "@copse/network";
import { type CopseError, isCopseError } from "@copse/primitives";
import { Address, encodeBlockHeader, type Network, networkVersion, signatureCheckOf } from "@copse/types";
import type { SignatureChecker } from "./signatures.ts";
import type { Stage } from "./stage.ts";

/** What judging gossip needs. */
export interface VerdictNeeds {
  readonly network: Network;
  readonly store: ChainStore;
  readonly intake: Intake;
  readonly bad: BadBlocks;
  readonly signatures: SignatureChecker;
  /** Checks that a block must pass before it is passed on: beacon entries, and the leader where state is at hand. */
  readonly checks: readonly Stage[];
  /** Takes a block that is worth a look: new, in range, whole. `verified`: all of the checks were made, and hold. */
  readonly take: (tipset: LinkedTipset, from: string, verified: boolean) => void;
  /** Told of each block that broke a rule, and who brought it. */
  readonly onRefused?: ((error: CopseError, from: string) => void) | undefined;
  /** Unix seconds. */
  readonly now: () => number;
}

const blsSignature = 2;
/** Epochs our head may be behind the clock for its network version to be today's. @see lotus chain/sub, node/modules/services.go */
const mostBehind = 10;

/**
 * The verdict on a gossiped block whose bytes are sound: reject what breaks a rule; ignore what is out of range, early,
 * seen, stands on parents we do not hold, or names a leader whom no state at hand can judge; accept the rest.
 *
 * @see lotus chain/consensus/filcns/filecoin.go ValidateBlockPubsub
 */
export async function judgeGossipBlock(
  { block, cid, from }: GossipBlock,
  needs: VerdictNeeds,
  signal: AbortSignal,
): Promise<Verdict> {
  const { store, intake, bad, checks, take, now } = needs;
  const moment = { now: now(), headHeight: store.head?.height ?? 0 };
  const found = intake.offerBlock(encodeBlockHeader(block.header), moment, from);
  if (found.kind === "broken" || found.kind === "bad") return "reject";
  if (found.kind !== "candidate") return "ignore";
  const { tipset } = found;
  if (store.reader.tipset(tipset.parents) === undefined) {
    take(tipset, from, false);
    return "ignore"; // not passed on before it can be judged
  }
  let verified = true;
  try {
    for (const stage of checks) {
      const { unresolved } = await stage.check([tipset], { first: true, signal });
      if (unresolved?.has(tipset.height)) verified = false;
    }
  } catch (error) {
    if (!isCopseError(error, "block/")) throw error;
    bad.add(cid, { code: error.code, message: error.message });
    needs.onRefused?.(error, from);
    return "reject";
  }
  take(tipset, from, verified);
  return verified ? "accept" : "ignore"; // what nobody here can judge is not passed on
}

/**
 * The verdict on a gossiped message whose bytes are sound, as far as no state is needed: reject a broken rule or a wrong
 * signature, ignore a fee cap nobody would include; nonce and balance are not looked at.
 *
 * @see lotus chain/messagepool/messagepool.go, chain/sub/incoming.go
 */
export async function judgeGossipMessage(
  { message: signed, bytes }: GossipMessage,
  needs: VerdictNeeds,
  signal: AbortSignal,
): Promise<Verdict> {
  const { network, store, signatures, now } = needs;
  const { message, signature } = signed;
  const height = (store.head?.height ?? 0) + 1;
  const version = networkVersion(network, height);
  // rules change with the network's versions: where our head is of the past, so are the rules we would judge by
  const refused = epochAt(network, now()) - height > mostBehind ? "ignore" : "reject";
  if (message.gasFeeCap < 100n) return "ignore";
  const gas = onChainMessageGas(bytes.length, height, network.messageGas);
  if (validForBlockInclusion(message, gas, version) !== undefined) return refused;
  const protocol = Address.protocol(message.from);
  if (protocol === 0 || protocol === 2) return "reject"; // a sender must be its own key
  if (signature.type !== blsSignature && !isListedSignatureType(signature.type, version)) return refused;
  const check = signatureCheckOf(signed, { ethChainId: network.ethChainId });
  if (typeof check === "boolean") return check ? "accept" : "reject";
  const [good] = await signatures.check([check], { signal });
  return good === true ? "accept" : "reject";
}
