import { equalBytes, toHex } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import { ChainError } from "../errors.ts";
import { type LinkedRun, targetBelow } from "../link/link-run.ts";
import type { LinkedTipset, LinkTarget } from "../link/link-types.ts";
import { type Assurance, raiseAssurance } from "./assurance.ts";
import type { ChainReader } from "./chain-reader.ts";
import { assertRoom, forkOf, joinSpans } from "./join-spans.ts";
import { canonicalLowest, refOf, type Span, spanBelow, type TipsetRef } from "./span.ts";
import type { ChainState, Placed, SpanStep } from "./span-step.ts";
import type { ChainBatch } from "./tables.ts";

/**
 * Works out what storing a run below its span changes, and writes it to the batch.
 *
 * @throws {ChainError} `chain/run-out-of-place`, `chain/spans-disagree`, `chain/fork-too-long`, `chain/seam-broken`,
 * `chain/behind-checkpoint`: nothing of the batch may be committed then
 */
export function extendSpan(state: ChainState, span: Span, run: LinkedRun, batch: ChainBatch): SpanStep {
  assertInPlace(span, run);
  const older = spanBelow(state.spans.values(), (span.lowest ?? run.linked[0])?.height ?? -1, span.id);
  const canonical: LinkedTipset[] = [];
  const beside: LinkedTipset[] = [];
  let meeting: LinkedTipset | undefined;
  for (const tipset of run.linked) {
    // once beside an older span, all stays aside until the two meet, also where that one has lost its top since
    const isAbove = span.fork === undefined && beside.length === 0;
    if (isAbove && (older?.upper === undefined || tipset.height > older.upper.height)) {
      canonical.push(tipset);
      continue;
    }
    meeting = older && meetingPoint(state.reader, span, older, tipset.key);
    if (meeting !== undefined) break;
    if (older !== undefined) assertForkAllowed(state, span, older, tipset.height);
    beside.push(tipset);
  }
  const added = [...canonical, ...beside];
  const last = added.at(-1);
  const next: LinkTarget = meeting === undefined ? run.next : last === undefined ? span.next : targetBelow(last);
  if (older !== undefined) meeting ??= meetingPoint(state.reader, span, older, next.key);
  const grown: Span = {
    id: span.id,
    upper: span.upper ?? (added[0] && refOf(added[0])),
    lowest: last === undefined ? span.lowest : refOf(last),
    fork: span.fork ?? (beside[0] && refOf(beside[0])),
    aboveFork: span.fork === undefined ? (canonical.at(-1) ?? span.lowest)?.height : span.aboveFork,
    next,
    reachedGenesis: run.reachedGenesis && meeting === undefined,
  };
  const placed: Placed = { grown, canonical, beside };
  if (older !== undefined && meeting !== undefined) return joinSpans(state, placed, older, meeting, batch);
  for (const tipset of canonical) batch.canonical(tipset, "first");
  const low = grown.lowest?.height ?? 0;
  if (grown.fork !== undefined && (older?.upper === undefined || older.upper.height < low)) {
    return promote(state, placed, batch); // the older span is gone from beside it
  }
  for (const tipset of beside) batch.side(tipset);
  batch.span(span.id, grown);
  return { span: grown, met: undefined, assurance: linkedUpTo(state.assurance, span, canonical), reverted: [] };
}

/** What was kept aside becomes canonical: nothing is left to compare it with. */
function promote(state: ChainState, placed: Placed, batch: ChainBatch): SpanStep {
  const { id, upper, lowest, next, reachedGenesis } = placed.grown;
  assertRoom(state, placed.grown, undefined, lowest?.height ?? 0);
  for (const tipset of forkOf(state, placed)) batch.canonical(tipset);
  const span: Span = { id, upper, lowest, next, reachedGenesis };
  batch.span(id, span);
  const range = { from: lowest?.height ?? 0, to: upper?.height ?? 0 };
  return { span, met: undefined, assurance: raiseAssurance(state.assurance, "linked", range), reverted: [] };
}

/** Raises what a run adds to the canonical part of a span: null rounds up to the child are linked across, too. */
function linkedUpTo(assurance: Assurance, span: Span, canonical: readonly LinkedTipset[]): Assurance {
  const [top, bottom] = [canonical[0], canonical.at(-1)];
  if (top === undefined || bottom === undefined) return assurance;
  const to = span.lowest === undefined ? top.height : span.lowest.height - 1;
  return raiseAssurance(assurance, "linked", { from: bottom.height, to });
}

/** The tipset of the older span's canonical stretch under this key. */
function meetingPoint(reader: ChainReader, span: Span, older: Span, key: TipsetKey): LinkedTipset | undefined {
  const tipset = key.length > 0 && reader.isCanonical(key) ? reader.tipset(key) : undefined;
  if (tipset === undefined) return undefined;
  const { height } = tipset;
  if (height >= (canonicalLowest(older) ?? 0) && height <= (older.upper?.height ?? 0)) return tipset;
  // it went past the older one, down to a third: those two have to settle it first
  throw new ChainError("chain/spans-disagree", { span: span.id, other: older.id, height });
}

function assertInPlace(span: Span, run: LinkedRun): void {
  const first = run.linked[0];
  const found = first?.key ?? run.next.key;
  if (equalBytes(found, span.next.key)) return;
  const [wanted, text] = [toHex(span.next.key), toHex(found)];
  throw new ChainError("chain/run-out-of-place", { span: span.id, wanted, found: text });
}

function assertForkAllowed(state: ChainState, span: Span, older: Span, height: number): void {
  const upper = older.upper as TipsetRef;
  if (height < (canonicalLowest(older) ?? 0)) {
    throw new ChainError("chain/spans-disagree", { span: span.id, other: older.id, height });
  }
  // heights bound the count of tipsets from above, so rows are counted only where that says too little
  if (upper.height - height <= state.forkLimit) return;
  let count = 0;
  for (const _ of state.reader.rows({ from: height, to: upper.height })) count++;
  if (count > state.forkLimit) {
    throw new ChainError("chain/fork-too-long", { height: upper.height, ancestor: height, limit: state.forkLimit });
  }
}
