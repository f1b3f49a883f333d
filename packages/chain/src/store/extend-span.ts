import { equalBytes, toHex } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import { ChainError } from "../errors.ts";
import { type LinkedRun, targetBelow } from "../link/link-run.ts";
import type { LinkedTipset, LinkTarget } from "../link/link-types.ts";
import { type Assurance, raiseAssurance } from "./assurance.ts";
import type { ChainReader } from "./chain-reader.ts";
import { joinSpans } from "./join-spans.ts";
import { refOf, type Span, spanBelow, type TipsetRef } from "./span.ts";
import type { ChainBatch } from "./tables.ts";

/** What a commit looks at. */
export interface ChainState {
  readonly reader: ChainReader;
  readonly spans: ReadonlyMap<number, Span>;
  readonly assurance: Assurance;
  readonly checkpoint: TipsetRef | undefined;
  readonly forkLimit: number;
}

/** What storing a run changes beside rows. */
export interface SpanStep {
  /** The span after the run; absent when it lost against the older one it met, or was part of it from the start. */
  readonly span: Span | undefined;
  /** The older span it met. It is part of `span` now, or where that is absent, it stays as it is. */
  readonly met: Span | undefined;
  readonly assurance: Assurance;
  /** Tipsets that are canonical no more, newest first: the older span went on differently above the meeting point. */
  readonly reverted: readonly TipsetRef[];
}

/** A run sorted by where its tipsets go. */
export interface Placed {
  /** The span as it is with the run below it. */
  readonly grown: Span;
  /** Above every older span. */
  readonly canonical: readonly LinkedTipset[];
  /** Beside the stretch of the older span. */
  readonly beside: readonly LinkedTipset[];
}

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
    if (older?.upper === undefined || tipset.height > older.upper.height) {
      canonical.push(tipset);
    } else {
      meeting = canonicalTipset(state.reader, tipset.key);
      if (meeting !== undefined) break;
      assertForkAllowed(state, span, older, tipset.height);
      beside.push(tipset);
    }
  }
  const added = [...canonical, ...beside];
  const last = added.at(-1);
  const next: LinkTarget = meeting === undefined ? run.next : last === undefined ? span.next : targetBelow(last);
  if (older !== undefined && meeting === undefined) meeting = canonicalTipset(state.reader, next.key);
  const grown: Span = {
    id: span.id,
    upper: span.upper ?? (added[0] && refOf(added[0])),
    lowest: last === undefined ? span.lowest : refOf(last),
    fork: span.fork ?? (beside[0] && refOf(beside[0])),
    next,
    reachedGenesis: run.reachedGenesis && meeting === undefined,
  };
  const placed: Placed = { grown, canonical, beside };
  if (older !== undefined && meeting !== undefined) return joinSpans(state, placed, older, meeting, batch);
  for (const tipset of canonical) batch.canonical(tipset, "first");
  for (const tipset of beside) batch.side(tipset);
  batch.span(span.id, grown);
  return { span: grown, met: undefined, assurance: linkedUpTo(state.assurance, span, canonical), reverted: [] };
}

/** Raises what a run adds to the canonical part of a span: null rounds up to the child are linked across, too. */
function linkedUpTo(assurance: Assurance, span: Span, canonical: readonly LinkedTipset[]): Assurance {
  const [top, bottom] = [canonical[0], canonical.at(-1)];
  if (top === undefined || bottom === undefined) return assurance;
  const to = span.lowest === undefined ? top.height : span.lowest.height - 1;
  return raiseAssurance(assurance, "linked", { from: bottom.height, to });
}

function canonicalTipset(reader: ChainReader, key: TipsetKey): LinkedTipset | undefined {
  return key.length > 0 && reader.isCanonical(key) ? reader.tipset(key) : undefined;
}

function assertInPlace(span: Span, run: LinkedRun): void {
  const first = run.linked[0];
  const found = first?.key ?? run.next.key;
  if (equalBytes(found, span.next.key)) return;
  const [wanted, text] = [toHex(span.next.key), toHex(found)];
  throw new ChainError("chain/run-out-of-place", { span: span.id, wanted, found: text });
}

function assertForkAllowed(state: ChainState, span: Span, older: Span, height: number): void {
  const [upper, lowest] = [older.upper as TipsetRef, older.lowest as TipsetRef];
  if (height < lowest.height) {
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
