import { type CidBytes, cidKey, cidOf, toCid } from "@copse/ipld";
import { equalBytes, latin1 } from "@copse/primitives";
import { Address, type BlockHeader, type NetworkRules, networkVersion, type Tipset } from "@copse/types";
import { baseFeeHeights, blockGasLimit, computeBaseFee, type PricedMessage } from "../rules/base-fee.ts";
import { type MessageRoot, messageRoot } from "../rules/message-root.ts";
import {
  isListedSignatureType,
  onChainMessageGas,
  validForBlockInclusion,
} from "../rules/valid-for-block-inclusion.ts";
import { blockText } from "./block-text.ts";
import { checkMessageSignatures, type SignatureCounts } from "./check-message-signatures.ts";
import { type BlockMessages, type ReadMessage, readMessages } from "./read-messages.ts";
import { type AccountKeys, isAlias } from "./senders.ts";
import { type Findings, fault, findings, type RuleChecks } from "./verdict.ts";

/** A block may list this many messages, of both kinds together. */
export const blockMessageLimit = 10_000;

/** What may help a run. */
export interface MessageContext {
  /** Key addresses of senders written as IDs, from the parents' computed state. */
  readonly accountKeys?: AccountKeys | undefined;
  /** `true` where `checkSenders` looks at the nonces, by state: then they are not looked at here. */
  readonly noncesByState?: boolean | undefined;
}

/** The findings of {@link checkMessages}. */
export interface CheckedMessages extends RuleChecks {
  /** Blocks whose message root was rebuilt and matched. */
  readonly messageRoots: number;
  readonly counts: SignatureCounts;
  /** What every child must name as `parentBaseFee`; meaningless when there are faults. Unit: attoFIL per gas. */
  readonly nextBaseFee: bigint;
  /** Everything to store: messages, nodes of their lists, roots. The same block may come twice. */
  readonly blocks: readonly (readonly [CidBytes, Uint8Array])[];
}

/**
 * Checks the messages of a tipset against its headers: roots, syntax, gas, nonces within each block, senders, and hands
 * back the signatures. Messages with another root than the header's are a `mismatch`, and looked at no further. What
 * needs state and has none at hand is `unresolved`, never passed over.
 *
 * Not checked: that a sender's first nonce and its kind of actor agree with state. `checkSenders` does that.
 *
 * @param messages - of each block of the tipset, in the same order
 * @see lotus:chain/consensus/common.go checkBlockMessages
 * @example
 * const { checks, faults, nextBaseFee } = checkMessages(mainnet, tipset, messages);
 */
export function checkMessages(
  network: NetworkRules,
  tipset: Tipset,
  messages: readonly BlockMessages[],
  context: MessageContext = {},
): CheckedMessages {
  const found = findings();
  const counts: SignatureCounts = { blsAggregates: 0, blsMessages: 0, secpSignatures: 0, delegatedSignatures: 0 };
  const blocks: (readonly [CidBytes, Uint8Array])[] = [];
  const priced: PricedMessage[] = [];
  const checkedBefore = new Set<string>(); // signed messages that an earlier block of the tipset listed too
  let messageRoots = 0;
  for (const [i, header] of tipset.blocks.entries()) {
    const block = blockText(tipset, i);
    const raw = messages[i] ?? { bls: [], secp: [] };
    const named = checkRoot(block, header, raw, found);
    if (named === undefined) continue; // these are not its messages: nothing they are says anything of it
    messageRoots++;
    blocks.push(...named);
    const read = readMessages(block, header.height, raw, found);
    for (const one of read) {
      blocks.push([one.cid, one.bytes]);
      priced.push(price(one));
    }
    // One block of mainnet broke the rules below and stands for ever.
    const cid = tipset.cids[i]?.bytes ?? new Uint8Array();
    if (network.whitelistedBlocks.some((listed) => equalBytes(listed.bytes, cid))) continue;
    checkSyntax(network, block, header, read, found);
    if (context.noncesByState !== true) checkNonces(network, block, header, read, found);
    checkMessageSignatures(network, block, header, read, { ...context, found, counts, checkedBefore });
  }
  const first = tipset.blocks[0] as BlockHeader;
  const nextBaseFee = computeBaseFee(
    {
      height: tipset.height,
      parentBaseFee: first.parentBaseFee,
      blockCount: tipset.blocks.length,
      messages: priced,
    },
    baseFeeHeights(network),
  );
  return { ...found, messageRoots, counts, nextBaseFee, blocks };
}

/**
 * Checks the base fee that the blocks of a tipset name.
 *
 * @param expected - `nextBaseFee` of {@link checkMessages} over the parent tipset
 * @see lotus:chain/consensus/common.go CommonBlkChecks
 */
export function checkBaseFee(tipset: Tipset, expected: bigint): RuleChecks {
  const found = findings();
  for (const [i, { parentBaseFee, height }] of tipset.blocks.entries()) {
    if (parentBaseFee === expected) continue;
    const facts = { block: blockText(tipset, i), height, found: parentBaseFee, expected };
    found.faults.push(fault("invalid", "block/base-fee-wrong", facts));
  }
  return found;
}

function price({ message, cid }: ReadMessage): PricedMessage {
  const { nonce, gasLimit, gasFeeCap, gasPremium } = message;
  return { id: cidKey(cid), from: latin1(message.from), nonce, gasLimit, gasFeeCap, gasPremium };
}

// The header names its messages by their hashes: whether these are they is settled before anything is read of them.
function checkRoot(
  block: string,
  header: BlockHeader,
  raw: BlockMessages,
  found: Findings,
): MessageRoot["blocks"] | undefined {
  const { height } = header;
  const { root, blocks } = messageRoot(raw.bls.map(cidOf), raw.secp.map(cidOf));
  if (!equalBytes(root, header.messages.bytes)) {
    const facts = { block, height, found: `${toCid(root)}`, expected: `${toCid(header.messages.bytes)}` };
    found.faults.push(fault("mismatch", "block/message-root-wrong", facts));
    return undefined;
  }
  const count = raw.bls.length + raw.secp.length;
  if (count > blockMessageLimit) {
    const facts = { block, height, found: count, limit: blockMessageLimit };
    found.faults.push(fault("invalid", "block/message-count-too-large", facts));
  }
  return blocks;
}

function checkSyntax(
  network: NetworkRules,
  block: string,
  header: BlockHeader,
  read: readonly ReadMessage[],
  found: Findings,
): void {
  const { height } = header;
  const version = networkVersion(network, height);
  let gas = 0n;
  for (const one of read) {
    const minimum = onChainMessageGas(one.bytes.length, height, network.messageGas);
    const broken = validForBlockInclusion(one.message, minimum, version);
    const at = (): { block: string; height: number; list: "bls" | "secp"; index: number; message: string } => ({
      block,
      height,
      list: one.list,
      index: one.index,
      message: toCid(one.cid).toString(),
    });
    if (broken !== undefined) found.faults.push(fault("invalid", "block/message-invalid", { ...at(), ...broken }));
    const type = one.signature?.type;
    if (type !== undefined && !isListedSignatureType(type, version)) {
      const facts = { ...at(), type, networkVersion: version };
      found.faults.push(fault("invalid", "block/signature-type-unsupported", facts));
    }
    gas += one.message.gasLimit;
  }
  if (gas > blockGasLimit) {
    const facts = { block, height, found: gas, limit: blockGasLimit };
    found.faults.push(fault("invalid", "block/gas-limit-too-large", facts));
  }
}

// Within one block a sender's nonces must run on; where they begin is the state's to say. From network version 13 an
// account counts under all its addresses together, so a gap is certain only while no alias stands in the block.
function checkNonces(
  network: NetworkRules,
  block: string,
  header: BlockHeader,
  read: readonly ReadMessage[],
  found: Findings,
): void {
  const { height } = header;
  const aliases = networkVersion(network, height) >= 13 && read.some((one) => isAlias(one.message.from));
  const next = new Map<string, bigint>();
  for (const { list, index, message, cid } of read) {
    const key = Address.key(message.from);
    const expected = next.get(key) ?? message.nonce;
    next.set(key, message.nonce + 1n);
    if (message.nonce === expected) continue;
    const sender = Address.format(message.from);
    const facts = { block, height, list, index, message: toCid(cid).toString(), sender };
    found.faults.push(
      aliases
        ? fault("unresolved", "block/sender-unresolved", {
            ...facts,
            why: "its nonces may run on under another address",
          })
        : fault("invalid", "block/nonce-wrong", { ...facts, found: message.nonce, expected }),
    );
  }
}
