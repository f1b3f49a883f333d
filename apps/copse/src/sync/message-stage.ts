import {
  type BlockFault,
  blockError,
  type ChainReader,
  type CheckedMessages,
  checkBaseFee,
  checkMessages,
  type LinkedTipset,
  messageRoot,
  readStoredMessages,
  verdictOf,
} from "@copse/chain";
import { cidOf, toCid } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import type { Network, Tipset } from "@copse/types";
import type { Execution } from "../execute/execution.ts";
import { askSources } from "./ask.ts";
import { decodeTipset } from "./decode-tipset.ts";
import type { AskPatience, Want } from "./race.ts";
import { type SendersByState, sendersByState } from "./sender-check.ts";
import { type SignatureChecker, settleAll } from "./signatures.ts";
import type { SourcePool, TipsetMessages } from "./sources.ts";
import type { Stage, StageResult } from "./stage.ts";

/** What fetching and checking messages needs. */
export interface MessageStageNeeds {
  readonly network: Network;
  readonly reader: ChainReader;
  readonly pool: SourcePool;
  readonly patience: AskPatience;
  /** What it means that a source does not have them. `free` where they are so new that it need not. */
  readonly refusal?: Want<unknown>["refusal"];
  readonly signatures: SignatureChecker;
  /** Knows the states that tipsets executed here gave: senders are looked up in them. */
  readonly execution?: Pick<Execution, "stateAfter"> | undefined;
}

/** Statement 7: message roots, message rules, base fees, BLS aggregates and signatures. */
export function messageStage(needs: MessageStageNeeds): Stage {
  return {
    level: "messages-checked",
    size: 16, // what Forest answers at once; Lotus asks for 8
    width: 4,
    async check(run, { first, signal }) {
      const tipsets = run.map(decodeTipset);
      const messages = await messagesOf(tipsets, needs, signal);
      const senders = tipsets.map((tipset, i) => byState(tipset, messages[i]?.blocks ?? [], needs));
      const found = tipsets.map((tipset, i) => {
        const known = senders[i];
        const context = known === undefined ? {} : { accountKeys: known.accountKeys, noncesByState: true };
        return checkMessages(needs.network, tipset, messages[i]?.blocks ?? [], context);
      });
      const more = [...senders.flatMap((known) => known?.checks ?? []), ...baseFees(tipsets, found, first, needs)];
      const faults = await settleAll([...found, ...more], needs.signatures, { signal });
      return judge(tipsets, found, faults);
    },
  };
}

/** What the state that a tipset's parents gave says of its senders, where they were executed here. */
function byState(
  tipset: Tipset,
  messages: TipsetMessages["blocks"],
  { network, reader, execution }: MessageStageNeeds,
): SendersByState | undefined {
  const root = execution?.stateAfter(tipset.parents);
  return root && sendersByState(network, tipset, messages, root, reader);
}

function judge(
  tipsets: readonly Tipset[],
  found: readonly CheckedMessages[],
  faults: readonly (readonly BlockFault[])[],
): StageResult {
  const unresolved = new Set<number>();
  let unresolvedSenders = 0;
  for (const [i, own] of faults.entries()) {
    const verdict = verdictOf(own);
    if (verdict.kind === "ok") continue;
    if (verdict.kind !== "unresolved") throw blockError(verdict.fault);
    // roots and fees hold; whose key signed for an ID only state tells, so these are told apart, not passed over
    const senders = own.filter(({ code }) => code === "block/sender-unresolved").length;
    if (senders === own.length) unresolvedSenders += senders;
    else unresolved.add(tipsets[i]?.height ?? -1);
  }
  const reached = found.filter((_, i) => !unresolved.has(tipsets[i]?.height ?? -1));
  const sum = (of: (one: CheckedMessages) => number): number => reached.reduce((total, one) => total + of(one), 0);
  return {
    blocks: found.flatMap(({ blocks }) => blocks),
    unresolved,
    counts: {
      unresolvedSenders,
      messageRoots: sum((one) => one.messageRoots),
      messages: sum((one) => one.counts.blsMessages + one.counts.secpSignatures + one.counts.delegatedSignatures),
      blsAggregates: sum((one) => one.counts.blsAggregates),
      secpSignatures: sum((one) => one.counts.secpSignatures),
      delegatedSignatures: sum((one) => one.counts.delegatedSignatures),
    },
  };
}

/** Each tipset's messages fix the base fee of its child: within the run, at its top, and at the seam below a pass. */
function baseFees(
  tipsets: readonly Tipset[],
  found: readonly CheckedMessages[],
  first: boolean,
  { network, reader }: MessageStageNeeds,
): ReturnType<typeof checkBaseFee>[] {
  const fees = tipsets.slice(1).map((child, i) => checkBaseFee(child, (found[i] as CheckedMessages).nextBaseFee));
  const top = tipsets.at(-1) as Tipset;
  const above = reader.tipsetAt(top.height + 1, "next");
  if (above !== undefined && equalBytes(above.parents, top.key)) {
    fees.push(checkBaseFee(decodeTipset(above), (found.at(-1) as CheckedMessages).nextBaseFee));
  }
  const bottom = tipsets[0] as Tipset;
  const parent = first && bottom.height > 0 ? reader.tipset(bottom.parents) : undefined;
  const held = parent && heldMessages(decodeTipset(parent), reader);
  if (parent !== undefined && held !== undefined) {
    const { nextBaseFee } = checkMessages(network, decodeTipset(parent), held.blocks);
    fees.push(checkBaseFee(bottom, nextBaseFee));
  }
  return fees;
}

/** Messages of a run of tipsets, from the store where all are held, else from sources whose answers fit the headers. */
async function messagesOf(
  tipsets: readonly Tipset[],
  needs: MessageStageNeeds,
  signal: AbortSignal,
): Promise<TipsetMessages[]> {
  const found = tipsets.map((tipset) => heldMessages(tipset, needs.reader));
  const liars = new Set<string>();
  for (let top = found.length - 1; top >= 0; top--) {
    if (found[top] !== undefined) continue;
    const count = top + 1 - (found.findLastIndex((held, i) => i < top && held !== undefined) + 1);
    const wanted = tipsets.slice(top + 1 - count, top + 1).reverse();
    const { value, source } = await askSources(
      needs.pool,
      {
        ask: (one, over) => one.messages((wanted[0] as Tipset).key, count, { signal: over }),
        size: messageBytes,
        not: liars,
        refusal: needs.refusal ?? "free-if-alone", // whoever wins a block may name in it what does not exist
      },
      needs.patience,
      signal,
    );
    for (const [i, answered] of value.entries()) {
      const tipset = wanted[i] as Tipset;
      const lie = misfit(tipset, answered);
      if (lie !== undefined) {
        liars.add(source);
        needs.pool.report(source, { kind: "lied", error: lie });
        break;
      }
      found[top - i] = answered;
    }
    top++; // look at the same place again: it is filled now, or is asked of another source
  }
  return found as TipsetMessages[];
}

function heldMessages(tipset: Tipset | LinkedTipset, reader: ChainReader): TipsetMessages | undefined {
  const { blocks } = "blocks" in tipset ? tipset : decodeTipset(tipset);
  const held: { bls: Uint8Array[]; secp: Uint8Array[] }[] = [];
  for (const { messages } of blocks) {
    const stored = readStoredMessages(reader, messages.bytes);
    if (stored === undefined) return undefined;
    held.push({ bls: stored.bls.map(({ bytes }) => bytes), secp: stored.secp.map(({ bytes }) => bytes) });
  }
  return { blocks: held };
}

/** Why an answer does not fit the headers it was asked for; by its hashes alone, so that it is the source that is wrong. */
function misfit(tipset: Tipset, { blocks }: TipsetMessages): Error | undefined {
  for (const [i, header] of tipset.blocks.entries()) {
    const given = blocks[i] ?? { bls: [], secp: [] };
    const { root } = messageRoot(given.bls.map(cidOf), given.secp.map(cidOf));
    if (equalBytes(root, header.messages.bytes)) continue;
    return blockError({
      fate: "invalid",
      code: "block/message-root-wrong",
      facts: {
        block: `${tipset.cids[i]}`,
        height: tipset.height,
        found: toCid(root).toString(),
        expected: `${header.messages}`,
      },
    });
  }
  return undefined;
}

function messageBytes(tipsets: readonly TipsetMessages[]): number {
  let bytes = 0;
  for (const { blocks } of tipsets) {
    for (const { bls, secp } of blocks) for (const message of [...bls, ...secp]) bytes += message.length;
  }
  return bytes;
}
