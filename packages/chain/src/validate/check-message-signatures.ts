import { blake2b256 } from "@copse/crypto";
import { cidKey, toCid } from "@copse/ipld";
import { Address, type BlockHeader, type NetworkRules, networkVersion } from "@copse/types";
import { checkDelegated } from "./check-delegated.ts";
import type { ReadMessage } from "./read-messages.ts";
import { type AccountKeys, keyAddress } from "./senders.ts";
import { type BlockFault, type Findings, fault } from "./verdict.ts";

// Types of signatures on chain.
const secp256k1Type = 1;
const blsType = 2;
const delegatedType = 3;

/** Signatures handed back or checked, in number. */
export interface SignatureCounts {
  blsAggregates: number;
  /** Messages under these aggregates. */
  blsMessages: number;
  /** A message that several blocks list counts in each, and is checked once. */
  secpSignatures: number;
  delegatedSignatures: number;
}

/** What the checks of one tipset share. */
export interface SignatureContext {
  readonly accountKeys?: AccountKeys | undefined;
  readonly found: Findings;
  readonly counts: SignatureCounts;
  readonly checkedBefore: Set<string>;
}

/**
 * Hands back the aggregate of a block's BLS messages and the signatures of its other ones.
 *
 * @see lotus:chain/consensus/common.go checkBlockMessages, chain/consensus/signatures.go AuthenticateMessage
 */
export function checkMessageSignatures(
  network: NetworkRules,
  block: string,
  header: BlockHeader,
  read: readonly ReadMessage[],
  context: SignatureContext,
): void {
  const { found, counts, checkedBefore } = context;
  const { height } = header;
  const publicKeys: Uint8Array[] = [];
  const messages: Uint8Array[] = [];
  let resolved = true;
  for (const one of read) {
    const sender = Address.format(one.message.from);
    const facts = { block, height, list: one.list, index: one.index, message: toCid(one.cid).toString(), sender };
    const key = keyAddress(one.message.from, context.accountKeys);
    if (key === undefined) {
      const why = "the parents' state is not at hand";
      found.faults.push(fault("unresolved", "block/sender-unresolved", { ...facts, why }));
      if (one.list === "bls") resolved = false;
      continue;
    }
    if (one.signature === undefined) {
      if (Address.protocol(key) === 3) {
        publicKeys.push(Address.payload(key));
        messages.push(one.bareCid);
      } else {
        resolved = false;
        found.faults.push(fault("invalid", "block/sender-kind-wrong", { ...facts, expected: "a BLS account" }));
      }
      continue;
    }
    const delegated = one.signature.type === delegatedType;
    if (delegated) counts.delegatedSignatures++;
    else counts.secpSignatures++;
    const seen = cidKey(one.cid);
    if (checkedBefore.has(seen)) continue;
    checkedBefore.add(seen);
    const wrong = fault("invalid", "block/message-signature-wrong", facts);
    if (delegated) checkDelegated(network, networkVersion(network, height), one, key, { found, facts, wrong });
    else checkPlain(one, key, found, wrong);
  }
  // Lotus takes any aggregate over no messages.
  const signature = header.blsAggregate?.data;
  if (!resolved || messages.length === 0 || signature === undefined) return;
  counts.blsAggregates++;
  counts.blsMessages += messages.length;
  found.checks.push({ kind: "bls-aggregate", publicKeys, messages, signature });
  found.otherwise.push(fault("invalid", "block/aggregate-wrong", { block, height, messages: messages.length }));
}

function checkPlain({ bareCid, signature }: ReadMessage, key: Address, found: Findings, wrong: BlockFault): void {
  const data = signature?.data ?? new Uint8Array();
  const protocol = Address.protocol(key);
  if (signature?.type === secp256k1Type && protocol === 1) {
    const digest = blake2b256(bareCid);
    found.checks.push({ kind: "secp256k1", digest, signature: data, addressHash20: Address.payload(key) });
  } else if (signature?.type === blsType && protocol === 3) {
    // The list of the others took BLS signatures too until network version 14.
    found.checks.push({ kind: "bls", publicKey: Address.payload(key), message: bareCid, signature: data });
  } else {
    found.faults.push(wrong); // a signature of a kind this sender cannot make
    return;
  }
  found.otherwise.push(wrong);
}
