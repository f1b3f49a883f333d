import { equalBytes } from "@copse/primitives";
import { ChainError } from "../errors.ts";
import type { LinkedTipset } from "../link/link-types.ts";
import { inferLog2Power } from "../rules/weight.ts";
import { raiseAssurance, retractAssurance } from "./assurance.ts";
import { headWeight } from "./chain-weight.ts";
import { canonicalLowest, refOf, type Span, type TipsetRef } from "./span.ts";
import type { ChainState, Placed, SpanStep } from "./span-step.ts";
import { type ChainBatch, rowOf } from "./tables.ts";
import { withPower } from "./tipset-row.ts";

/**
 * Joins a span with the older one it has reached at `meeting`. Where the older one goes on above the meeting point, the
 * heavier of the two branches stays canonical.
 */
export function joinSpans(
  state: ChainState,
  placed: Placed,
  older: Span,
  meeting: LinkedTipset,
  batch: ChainBatch,
): SpanStep {
  const { grown, canonical } = placed;
  const { upper } = grown;
  if (upper === undefined) {
    // the very tipset the span was opened for is part of the older one
    batch.span(grown.id, undefined);
    return { span: undefined, met: older, assurance: state.assurance, reverted: [] };
  }
  const log2Power = powerAcrossSeam(grown, meeting);
  const olderTop = older.upper as TipsetRef;
  const branch = { from: meeting.height + 1, to: olderTop.height };
  const reverted = [...state.reader.tipsets({ ...branch, reverse: true })];
  if (reverted.length > 0) {
    if (!isHeavier(state, placed, reverted[0] as LinkedTipset)) return forget(state, placed, older, batch);
    const { checkpoint } = state;
    if (checkpoint !== undefined && checkpoint.height > meeting.height && checkpoint.height <= olderTop.height) {
      throw new ChainError("chain/behind-checkpoint", { height: meeting.height, checkpoint: checkpoint.height });
    }
  }
  assertRoom(state, grown, older, branch.from);
  for (const tipset of reverted) {
    batch.side(tipset);
    batch.clear(tipset.height, tipset.row as Uint8Array);
  }
  for (const tipset of canonical) batch.canonical(tipset, "first");
  for (const tipset of forkOf(state, placed)) batch.canonical(tipset);
  if (meeting.log2Power !== log2Power) {
    batch.canonical({ ...meeting, log2Power, row: withPower(meeting.row as Uint8Array, log2Power) });
  }
  const { lowest, next, fork, aboveFork, reachedGenesis } = older;
  const span: Span = { id: grown.id, upper, lowest, next, fork, aboveFork, reachedGenesis };
  batch.span(older.id, undefined);
  batch.span(grown.id, span);
  const kept = reverted.length > 0 ? retractAssurance(state.assurance, branch) : state.assurance;
  const assurance = raiseAssurance(kept, "linked", { from: meeting.height, to: upper.height });
  return { span, met: older, assurance, reverted: reverted.map(refOf) };
}

/**
 * log2 of power of the meeting point, as the tipset above it claims it. What its child of the older span claimed is no more
 * than that: whoever came first is not right for it.
 */
function powerAcrossSeam(span: Span, meeting: LinkedTipset): number {
  const { child } = span.next;
  if (child === undefined) return meeting.log2Power;
  const broken = (why: string): ChainError =>
    new ChainError("chain/seam-broken", { span: span.id, height: meeting.height, why });
  if (meeting.height >= child.height) throw broken(`its child is at height ${child.height}`);
  const found = inferLog2Power(child.parentWeight - meeting.parentWeight, meeting.winCount);
  if (found === undefined) throw broken(`no power explains the weight ${child.parentWeight} of its child`);
  return found;
}

function isHeavier(state: ChainState, placed: Placed, olderHead: LinkedTipset): boolean {
  const fresh = [...placed.canonical, ...placed.beside];
  const find = (key: Uint8Array): LinkedTipset | undefined =>
    fresh.find((tipset) => equalBytes(tipset.key, key)) ?? state.reader.tipset(key as LinkedTipset["key"]);
  const head = find((placed.grown.upper as TipsetRef).key);
  return head !== undefined && headWeight(head, find) > headWeight(olderHead, find);
}

/** The tipsets of a span beside the older one, highest first: those kept aside by earlier runs, and those of this one. */
export function forkOf(state: ChainState, placed: Placed): LinkedTipset[] {
  const { grown, beside, canonical } = placed;
  const fork: LinkedTipset[] = [];
  let child = canonical.at(-1) ?? (grown.aboveFork === undefined ? undefined : state.reader.tipsetAt(grown.aboveFork));
  // others may be stored below, of other forks: the span ends above what it wants next
  for (let key = grown.fork?.key; key !== undefined && !equalBytes(key, grown.next.key); ) {
    const wanted = key;
    const tipset = beside.find((it) => equalBytes(it.key, wanted)) ?? state.reader.tipset(wanted);
    if (tipset === undefined) break;
    fork.push(child === undefined ? tipset : withChild(tipset, child));
    child = tipset;
    key = tipset.parents;
  }
  return fork;
}

/** A tipset that was a head when it was stored learns its power from its child. */
function withChild(tipset: LinkedTipset, child: LinkedTipset): LinkedTipset {
  const log2Power =
    tipset.log2Power < 0 ? inferLog2Power(child.parentWeight - tipset.parentWeight, tipset.winCount) : -1;
  if (log2Power === undefined || log2Power < 0) return tipset;
  return { ...tipset, log2Power, row: withPower(rowOf(tipset), log2Power) };
}

/** Refuses a span that would take heights a third one holds: that one has to come down and settle it first. */
export function assertRoom(state: ChainState, grown: Span, older: Span | undefined, from: number): void {
  const to = grown.upper?.height ?? -1;
  for (const other of state.spans.values()) {
    const lowest = canonicalLowest(other);
    if (other.id === grown.id || other.id === older?.id || lowest === undefined) continue;
    if (lowest <= to && (other.upper?.height ?? -1) >= from) {
      throw new ChainError("chain/spans-disagree", { span: grown.id, other: other.id, height: lowest });
    }
  }
}

function canonicalTop(span: Span): number {
  return canonicalLowest(span) === undefined || span.upper === undefined ? -1 : span.upper.height;
}

/** The lighter branch goes: it stays aside where the older span runs, and is removed above it. */
function forget(state: ChainState, placed: Placed, older: Span, batch: ChainBatch): SpanStep {
  const above = { from: canonicalLowest(placed.grown) ?? 0, to: canonicalTop(placed.grown) };
  for (const tipset of state.reader.tipsets(above)) batch.clear(tipset.height, tipset.row as Uint8Array);
  for (const tipset of placed.beside) batch.side(tipset);
  batch.span(placed.grown.id, undefined);
  const assurance = above.to < above.from ? state.assurance : retractAssurance(state.assurance, above);
  return { span: undefined, met: older, assurance, reverted: [] };
}
