import type { Fetching } from "@copse/ipld";
import { toCid } from "@copse/ipld";
import { equalBytes, readUvarint } from "@copse/primitives";
import { type Actor, type ActorKind, actorKind, actorOfId, resolveId, type StateTree } from "@copse/state";
import { Address, type NetworkRules, networkVersion, type Tipset } from "@copse/types";
import { blockText } from "./block-text.ts";
import { type BlockMessages, type ReadMessage, readMessages } from "./read-messages.ts";
import { type Findings, fault, findings, type RuleChecks } from "./verdict.ts";

/** From this network version on a sender counts under all its addresses together. */
const sendersById = 13;
/** From this one on Ethereum's accounts send, and placeholders become one by sending. */
const ethereumSenders = 18;
/** ID of the Ethereum address manager: the namespace of the `f410` addresses. */
const addressManager = 10n;

/**
 * Checks the senders of a tipset's messages against the state they are about to change: each exists and is of a kind that
 * may send, and in every block its nonces run on from the one in state. Funds are not looked at: who can not pay costs the
 * block's miner, and the block stands.
 *
 * @param messages - of each block of the tipset, in the same order; those that are no messages are `checkMessages`' to tell
 * @param tree - the state computed from the parents: what the headers name as parent state, and worth what that is worth
 * @throws {StateError} `state/actor-missing` of a singleton, `state/layout-unknown`
 * @throws {HostFault} `host/block-missing`
 * @see lotus:chain/consensus/common.go checkBlockMessages, IsValidForSending
 * @example
 * const tree = runSync(loadStateTree(tipset.blocks[0].parentStateRoot), store);
 * const { faults } = runSync(checkSenders(network, tipset, messages, tree), store);
 */
export function* checkSenders(
  network: NetworkRules,
  tipset: Tipset,
  messages: readonly BlockMessages[],
  tree: StateTree,
): Fetching<RuleChecks> {
  const found = findings();
  const version = networkVersion(network, tipset.height);
  const standings = new Map<string, Standing>();
  for (const [i, { height }] of tipset.blocks.entries()) {
    const cid = tipset.cids[i]?.bytes ?? new Uint8Array();
    if (network.whitelistedBlocks.some((listed) => equalBytes(listed.bytes, cid))) continue;
    const at = { block: blockText(tipset, i), height };
    const read = readMessages(at.block, height, messages[i] ?? { bls: [], secp: [] }, findings());
    yield* checkBlock(read, at, { version, tree, standings, found });
  }
  return found;
}

/** A sender as state has it, and what it counts under. */
interface Standing {
  readonly name: string;
  readonly actor: Actor | undefined;
  readonly maySend: boolean;
  readonly expected: string;
}

interface Checking {
  readonly version: number;
  readonly tree: StateTree;
  /** By the address as written. */
  readonly standings: Map<string, Standing>;
  readonly found: Findings;
}

function* checkBlock(
  read: readonly ReadMessage[],
  at: { readonly block: string; readonly height: number },
  { version, tree, standings, found }: Checking,
): Fetching<void> {
  const next = new Map<string, bigint>(); // every block counts from the state anew
  for (const { list, index, message, cid } of read) {
    const key = Address.key(message.from);
    const standing = standings.get(key) ?? (yield* standingOf(message.from, version, tree));
    standings.set(key, standing);
    const { name, actor, maySend, expected } = standing;
    const sender = Address.format(message.from);
    const where = { ...at, list, index, message: toCid(cid).toString(), sender };
    if (actor === undefined) {
      found.faults.push(fault("invalid", "block/sender-missing", where));
      continue;
    }
    if (!next.has(name)) {
      if (!maySend) found.faults.push(fault("invalid", "block/sender-kind-wrong", { ...where, expected }));
      next.set(name, actor.nonce);
    }
    const nonce = next.get(name) as bigint;
    if (message.nonce !== nonce) {
      found.faults.push(fault("invalid", "block/nonce-wrong", { ...where, found: message.nonce, expected: nonce }));
    }
    next.set(name, message.nonce + 1n);
  }
}

function* standingOf(from: Address, version: number, tree: StateTree): Fetching<Standing> {
  const id = yield* resolveId(tree, from);
  const name = version >= sendersById && id !== undefined ? `f0${id}` : Address.key(from);
  const expected =
    version < ethereumSenders ? "an account" : "an account, an eth account or a placeholder that never sent";
  const actor = id === undefined ? undefined : yield* actorOfId(tree, id);
  if (actor === undefined) return { name, actor, maySend: false, expected };
  return { name, actor, maySend: maySend(actor, yield* actorKind(tree, actor.code), version), expected };
}

function maySend({ nonce, delegatedAddress }: Actor, kind: ActorKind | undefined, version: number): boolean {
  if (kind === "account") return true;
  if (version < ethereumSenders) return false;
  if (kind === "ethaccount") return true;
  if (kind !== "placeholder" || nonce !== 0n || delegatedAddress === null) return false;
  if (Address.protocol(delegatedAddress) !== 4) return false;
  return readUvarint(Address.payload(delegatedAddress), 0).value === addressManager;
}
