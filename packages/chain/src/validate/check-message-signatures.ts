import { cidKey, toCid } from "@copse/ipld";
import { Address, type BlockHeader, type NetworkRules, networkVersion, signatureCheckOf } from "@copse/types";
import type { ReadMessage } from "./read-messages.ts";
import { type AccountKeys, senderKey } from "./senders.ts";
import { type Findings, fault } from "./verdict.ts";

const delegatedType = 3;
/** The first network version that takes Ethereum's transactions of before EIP-1559; their signatures are longer. */
const legacyEthVersion = 23;
const eip1559Length = 65;

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
  const version = networkVersion(network, height);
  const publicKeys: Uint8Array[] = [];
  const messages: Uint8Array[] = [];
  let resolved = true;
  for (const one of read) {
    const sender = Address.format(one.message.from);
    const facts = { block, height, list: one.list, index: one.index, message: toCid(one.cid).toString(), sender };
    const resolvedTo = senderKey(one.message.from, context.accountKeys);
    if (resolvedTo.kind !== "key") {
      found.faults.push(
        resolvedTo.kind === "never"
          ? fault("invalid", "block/sender-kind-wrong", { ...facts, expected: resolvedTo.expected })
          : fault("unresolved", "block/sender-unresolved", { ...facts, why: resolvedTo.why }),
      );
      if (one.list === "bls") resolved = false;
      continue;
    }
    const key = resolvedTo.address;
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
    if (delegated && version < legacyEthVersion && one.signature.data.length !== eip1559Length) {
      const unsupported = { ...facts, networkVersion: version };
      found.faults.push(fault("invalid", "block/eth-transaction-unsupported", unsupported));
    }
    const wrong = fault("invalid", "block/message-signature-wrong", facts);
    const signed = { message: one.message, signature: one.signature };
    const check = signatureCheckOf(signed, { ethChainId: network.ethChainId, signer: key });
    if (check === true) continue; // delegated ones are decided at once
    if (check === false) found.faults.push(wrong);
    else {
      found.checks.push(check);
      found.otherwise.push(wrong);
    }
  }
  // Lotus takes any aggregate over no messages.
  const signature = header.blsAggregate?.data;
  if (!resolved || messages.length === 0 || signature === undefined) return;
  counts.blsAggregates++;
  counts.blsMessages += messages.length;
  found.checks.push({ kind: "bls-aggregate", publicKeys, messages, signature });
  found.otherwise.push(fault("invalid", "block/aggregate-wrong", { block, height, messages: messages.length }));
}
