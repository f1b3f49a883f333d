import type { RuleChecks } from "@copse/chain";
import { type AccountKeys, type BlockMessages, checkSenders, readAccountKeys } from "@copse/chain/validate";
import { type CidBytes, runSync, type SyncBlockReader, toCid } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { loadStateTree } from "@copse/state";
import { type Address, decodeMessage, decodeSignedMessage, type Network, type Tipset } from "@copse/types";

/** What the state computed from a tipset's parents says of those who send in it. */
export interface SendersByState {
  /** Kinds and nonces. */
  readonly checks: RuleChecks;
  /** Key addresses of senders written otherwise. */
  readonly accountKeys: AccountKeys;
}

/**
 * Looks the senders of a tipset's messages up in the state that executing its parents gave.
 *
 * @param root - of the state, computed here: what a header says it is proves nothing
 * @returns `undefined` where blocks of that state are not at hand
 */
export function sendersByState(
  network: Network,
  tipset: Tipset,
  messages: readonly BlockMessages[],
  root: CidBytes,
  held: SyncBlockReader,
): SendersByState | undefined {
  try {
    const tree = runSync(loadStateTree(toCid(root)), held);
    const checks = runSync(checkSenders(network, tipset, messages, tree), held);
    return { checks, accountKeys: runSync(readAccountKeys(tree, sendersOf(messages)), held) };
  } catch (error) {
    if (isCopseError(error) && error.code === "host/block-missing") return undefined;
    throw error;
  }
}

/** Who sends. Bytes that are no message name nobody: `checkMessages` tells of them. */
function* sendersOf(messages: readonly BlockMessages[]): Generator<Address> {
  for (const { bls, secp } of messages) {
    for (const bytes of bls) yield* fromOf(() => decodeMessage(bytes).from);
    for (const bytes of secp) yield* fromOf(() => decodeSignedMessage(bytes).message.from);
  }
}

function fromOf(decode: () => Address): Address[] {
  try {
    return [decode()];
  } catch (error) {
    if (isCopseError(error)) return [];
    throw error;
  }
}
