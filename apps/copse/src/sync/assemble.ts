import { type ChainStore, type HeightRange, type LinkRules, parentsKey, skimHeader } from "@copse/chain";
import type { WinningPostVerifier } from "@copse/chain/validate";
import { cidOf, toCid } from "@copse/ipld";
import { assertNotAborted, equalBytes, isCopseError } from "@copse/primitives";
import { type Network, TipsetKey } from "@copse/types";
import { NodeError } from "../errors.ts";
import type { Execution } from "../execute/execution.ts";
import type { MessageScope } from "../options.ts";
import { askSources } from "./ask.ts";
import { beaconStage } from "./beacon-stage.ts";
import type { Certified } from "./certified.ts";
import type { CountsTable } from "./counts.ts";
import { leaderScopes } from "./leader-scopes.ts";
import { leaderStage } from "./leader-stage.ts";
import { messageStage } from "./message-stage.ts";
import type { AskPatience } from "./race.ts";
import { retreat } from "./retreat.ts";
import type { SignatureChecker } from "./signatures.ts";
import type { SourcePool } from "./sources.ts";
import { runStage, type Stage } from "./stage.ts";
import type { StateSource } from "./state-source.ts";
import { type SpansNeeds, walkSpans } from "./walk-spans.ts";

/** Everything the assembling of a chain works with. */
export interface SyncContext {
  readonly network: Network;
  readonly store: ChainStore;
  readonly counts: CountsTable;
  readonly rules: LinkRules;
  readonly pool: SourcePool;
  readonly patience: AskPatience;
  readonly signatures: SignatureChecker;
  readonly states: StateSource;
  /** Verifies winning proofs of spacetime. Absent: they stay unchecked, and are told as such. */
  readonly proofs?: WinningPostVerifier | undefined;
  /** Executes what is followed. Absent: nothing is executed. */
  readonly execution?: Execution | undefined;
  /** Leaders are left for later: the states that judge them are about to be computed. */
  readonly leavesLeaders?: boolean;
  /** Tipsets that F3 finalized, where the node knows of any. */
  readonly certified?: Certified | undefined;
  /** Lowest height to assemble to; 0 is genesis. */
  readonly to: number;
  readonly messages: MessageScope;
  /** Spans walked at once. */
  readonly parallelSpans: number;
  readonly onProgress: (progress: SyncProgress) => void;
}

/** How far one part of the work is. */
export interface SyncProgress {
  readonly stage: "headers" | "beacon-checked" | "messages-checked" | "leader-checked" | "executed";
  readonly height: number;
  /** Tipsets that passed since the last report. */
  readonly tipsets: number;
  readonly target: number;
}

/**
 * Assembles the chain below a tipset: its headers back to genesis (or `to`), in spans side by side; then every check,
 * upwards, each at its own pace. Picks up wherever an earlier run was stopped.
 *
 * @throws {NodeError} `copse/no-peers`
 * @throws {ChainError} | {BlockError} what is wrong with the chain below the tipset
 */
export async function assemble(
  head: { key: TipsetKey; height?: number },
  context: SyncContext,
  signal: AbortSignal,
): Promise<void> {
  const { store } = context;
  await linkBack(head, context, signal);
  while ((await store.indexBlocks()) > 0) assertNotAborted(signal);
  for (;;) {
    if (isHeavier(store, head.key)) await store.switchHead(head.key);
    const isOurs = store.reader.isCanonical(head.key);
    try {
      return await checkChain(context, signal);
    } catch (error) {
      if (isOurs || !isCopseError(error, "block/")) throw error;
      // what stood in its place was stored before, and broke a rule: that is no fault of the target, which comes next
    }
  }
}

/** Whether a linked tipset is to be the head: not where our head stands on it, or is as heavy. */
function isHeavier({ head, reader }: ChainStore, key: TipsetKey): boolean {
  const now = head && reader.tipset(head.key);
  const then = reader.tipset(key);
  if (now === undefined || then === undefined) return now === undefined;
  if (then.height <= now.height && reader.isCanonical(key)) return false;
  // on the same parents more wins weigh more
  return (
    then.parentWeight > now.parentWeight || (then.parentWeight === now.parentWeight && then.winCount > now.winCount)
  );
}

/** What linking works with: no checks of signatures or state. */
export type LinkContext = Pick<
  SyncContext,
  "network" | "store" | "rules" | "pool" | "patience" | "certified" | "to" | "parallelSpans" | "onProgress"
>;

/**
 * Links the chain below a tipset: all of it is fetched, verified to *linked* and stored when this resolves.
 *
 * @throws {NodeError} `copse/no-peers`
 * @throws {ChainError} what is wrong with the chain below the tipset
 */
export async function linkBack(
  head: { key: TipsetKey; height?: number },
  context: LinkContext,
  signal: AbortSignal,
): Promise<void> {
  const { store } = context;
  if (store.reader.canonicalRow(head.key) === undefined) await store.openSpan({ key: head.key });
  await openCheckpointSpans(head.height ?? 0, context, signal);
  const { onProgress, ...needs } = context;
  const onWindow: SpansNeeds["onWindow"] = ({ lowest, tipsets }) =>
    onProgress({ stage: "headers", height: lowest, tipsets, target: head.height ?? 0 });
  await walkSpans(head.key, { ...needs, onWindow }, signal);
}

/** Runs every check over what is linked below the head, from a height up. */
export async function checkChain(context: SyncContext, signal: AbortSignal, from: number = context.to): Promise<void> {
  const { store, network, signatures, onProgress } = context;
  const top = store.head?.height ?? 0;
  const scope = { from: Math.max(lowestChecked(context), from), to: top };
  const recent = messageRange(context.messages, scope);
  const leaders = leaderStage({ ...context, reader: store.reader });
  const passes: [Stage, HeightRange][] = [
    [beaconStage({ network, reader: store.reader, signatures }), scope],
    ...(context.leavesLeaders === true ? [] : leaderScopes(scope, store.reader)).map((range): [Stage, HeightRange] => [
      leaders,
      range,
    ]),
  ];
  if (recent !== undefined) passes.push([messageStage({ ...context, reader: store.reader }), recent]);
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const running = passes.map(([stage, range]) => {
    const report = (height: number, tipsets: number): void =>
      onProgress({ stage: stage.level as SyncProgress["stage"], height, tipsets, target: top });
    return runStage(stage, store, context.counts, range, report, either);
  });
  try {
    await Promise.all(running);
  } catch (error) {
    over.abort(new Error("another check failed"));
    await Promise.allSettled(running);
    // headers cost nothing: what breaks a rule must not keep its place by its weight
    if (isCopseError(error, "block/")) await retreat(store, (error.facts as { height: number }).height);
    throw error;
  } finally {
    await store.settled();
  }
}

/** Where checks begin: at genesis, or above the lowest tipset that is linked, whose parents are not here to check it by. */
function lowestChecked({ store, to }: SyncContext): number {
  return to === 0 ? 0 : (store.reader.tipsetAt(to, "next")?.height ?? to) + 1;
}

/** The heights whose messages are wanted. */
export function messageRange(
  messages: MessageScope,
  scope: { from: number; to: number },
): { from: number; to: number } | undefined {
  if (messages.kind === "none") return undefined;
  return messages.kind === "all" ? scope : { from: Math.max(scope.from, scope.to - messages.epochs + 1), to: scope.to };
}

/** Opens a span below every known block that lies between what is stored and the head, so that all are walked at once. */
async function openCheckpointSpans(head: number, context: LinkContext, signal: AbortSignal): Promise<void> {
  const { store, network, pool, patience, to } = context;
  const linked = store.assurance.linked;
  for (const { height, cid } of network.checkpoints.toReversed()) {
    if (height >= head || height <= to || linked.some((range) => range.from <= height && height <= range.to)) continue;
    const key = TipsetKey.fromCids([cid]);
    const { value, source } = await askSources(
      pool,
      { ask: (one, over) => one.headers(key, 1, { signal: over }), size: () => 0 },
      patience,
      signal,
    );
    const bytes = value[0]?.headers[0];
    if (bytes === undefined || !equalBytes(cidOf(bytes), cid.bytes)) {
      const found = bytes === undefined ? "nothing" : toCid(cidOf(bytes)).toString();
      const lie = new NodeError("copse/chain-broken", {
        tipset: cid.toString(),
        why: `the bytes served for it hash to ${found}`,
      });
      pool.report(source, { kind: "lied", error: lie });
      continue; // the span above walks through it
    }
    const skim = skimHeader(bytes);
    if (store.reader.isCanonical(parentsKey(skim))) continue; // an earlier run has begun there
    const child = { height: skim.height, parentWeight: skim.parentWeight };
    await store.openSpan({ key: parentsKey(skim), child });
  }
}

/** Whether a failure means that the work was stopped, not that something is wrong. */
export function isAbort(error: unknown): boolean {
  if (error instanceof Error && error.name === "AbortError") return true;
  return isCopseError(error) && error.code === "host/aborted";
}
