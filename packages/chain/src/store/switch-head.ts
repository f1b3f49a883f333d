import { equalBytes, toHex } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import { ChainError } from "../errors.ts";
import type { LinkedTipset } from "../link/link-types.ts";
import { inferLog2Power } from "../rules/weight.ts";
import { type Assurance, raiseAssurance, retractAssurance } from "./assurance.ts";
import type { ChainReader } from "./chain-reader.ts";
import { headWeight } from "./chain-weight.ts";
import type { Head, HeadChange } from "./head-change.ts";
import { refOf, type Span, spanBelow, type TipsetRef } from "./span.ts";
import type { ChainState } from "./span-step.ts";
import { type ChainBatch, rowOf } from "./tables.ts";
import { withPower } from "./tipset-row.ts";

/** What moving the head changes beside rows. */
export interface HeadStep {
  /** Height of the canonical tipset the new head stands on, or the head's own. */
  readonly ancestor: number;
  readonly span: Span;
  readonly change: HeadChange;
  readonly assurance: Assurance;
}

/**
 * Works out the way from the canonical chain to a tipset, and writes to the batch what makes it the head: tipsets above
 * the common ancestor go aside, those on the way become canonical.
 *
 * @param added tipsets that come with the switch, for which nothing is stored yet
 * @throws {ChainError} `chain/tipset-unknown`, `chain/fork-too-long`, `chain/behind-checkpoint`, `chain/spans-disagree`,
 * `chain/seam-broken`
 */
export function switchHead(
  state: ChainState,
  old: Head | undefined,
  target: TipsetKey,
  added: readonly LinkedTipset[],
  batch: ChainBatch,
): HeadStep {
  const { reader } = state;
  const find = (key: TipsetKey): LinkedTipset | undefined =>
    reader.tipset(key) ?? added.find((tipset) => equalBytes(tipset.key, key));
  const { path, ancestor } = wayUp(reader, find, target);
  const span = spanBelow(state.spans.values(), ancestor.height);
  const upper = span?.upper;
  if (span === undefined || upper === undefined) throw unknown(target);
  const head = path.at(-1) ?? ancestor;
  const above = spanBelow(state.spans.values(), head.height, span.id);
  if (above?.upper !== undefined && above.upper.height > upper.height) {
    throw new ChainError("chain/spans-disagree", { span: span.id, other: above.id, height: head.height });
  }
  const branch = { from: ancestor.height + 1, to: upper.height };
  const reverted = branch.to < branch.from ? [] : tipsetsDown(reader, branch.from, branch.to, state.forkLimit);
  assertCheckpointKept(state, ancestor.height, upper.height);

  for (const tipset of reverted) {
    batch.side(tipset);
    batch.clear(tipset.height, tipset.row as Uint8Array);
  }
  const children = [...path.slice(), undefined];
  for (const [i, tipset] of [ancestor, ...path].entries()) {
    const powered = withChild(span, tipset, children[i]);
    if (powered !== tipset || tipset !== ancestor) batch.canonical(powered);
  }
  const grown: Span = { ...span, upper: refOf(head) };
  batch.span(span.id, grown);
  const kept = reverted.length === 0 ? state.assurance : retractAssurance(state.assurance, branch);
  const assurance =
    path.length === 0 ? kept : raiseAssurance(kept, "linked", { from: ancestor.height, to: head.height });
  const to: Head = { ...refOf(head), weight: headWeight(head, find) };
  return {
    ancestor: ancestor.height,
    span: grown,
    assurance,
    change: changeOf(state, old, to, ancestor, path, reverted),
  };
}

/** The tipsets from the first that is not canonical up to the target, oldest first, and the canonical one below them. */
function wayUp(
  reader: ChainReader,
  find: (key: TipsetKey) => LinkedTipset | undefined,
  target: TipsetKey,
): { path: LinkedTipset[]; ancestor: LinkedTipset } {
  const path: LinkedTipset[] = [];
  for (let key = target; ; ) {
    const tipset = find(key);
    if (tipset === undefined) throw unknown(key);
    if (reader.isCanonical(key)) return { path: path.reverse(), ancestor: tipset };
    path.push(tipset);
    key = tipset.parents;
  }
}

function tipsetsDown(reader: ChainReader, from: number, to: number, limit: number): LinkedTipset[] {
  const tipsets: LinkedTipset[] = [];
  for (const tipset of reader.tipsets({ from, to, reverse: true })) {
    if (tipsets.length === limit)
      throw new ChainError("chain/fork-too-long", { height: to, ancestor: from - 1, limit });
    tipsets.push(tipset);
  }
  return tipsets;
}

function assertCheckpointKept(state: ChainState, ancestor: number, top: number): void {
  const { checkpoint } = state;
  if (checkpoint !== undefined && checkpoint.height > ancestor && checkpoint.height <= top) {
    throw new ChainError("chain/behind-checkpoint", { height: ancestor, checkpoint: checkpoint.height });
  }
}

/** The tipset with log2 of power as its child tells it; what a child told that is gone is forgotten. */
function withChild(span: Span, tipset: LinkedTipset, child: LinkedTipset | undefined): LinkedTipset {
  if (child === undefined) {
    return tipset.log2Power < 0 ? tipset : { ...tipset, log2Power: -1, row: withPower(rowOf(tipset), -1) };
  }
  const log2Power = inferLog2Power(child.parentWeight - tipset.parentWeight, tipset.winCount);
  if (log2Power === undefined || child.height <= tipset.height) {
    const why = "the weight or height of its child does not follow";
    throw new ChainError("chain/seam-broken", { span: span.id, height: tipset.height, why });
  }
  if (log2Power === tipset.log2Power) return tipset;
  return { ...tipset, log2Power, row: withPower(rowOf(tipset), log2Power) };
}

function changeOf(
  state: ChainState,
  from: Head | undefined,
  to: Head,
  ancestor: LinkedTipset,
  path: readonly LinkedTipset[],
  reverted: readonly LinkedTipset[],
): HeadChange {
  const { reader } = state;
  if (from === undefined || !reader.isCanonical(from.key)) {
    return { from, to, revert: [], apply: [to].map(refOf), gap: true };
  }
  const revert = reverted.filter((tipset) => tipset.height <= from.height).map(refOf);
  const apply: TipsetRef[] = [];
  for (const tipset of reader.tipsets({ from: from.height + 1, to: ancestor.height })) {
    if (from.height >= ancestor.height) break;
    if (apply.length > state.forkLimit) return { from, to, revert, apply: [refOf(to)], gap: true };
    apply.push(refOf(tipset));
  }
  return { from, to, revert, apply: [...apply, ...path.map(refOf)], gap: false };
}

function unknown(key: TipsetKey): ChainError {
  return new ChainError("chain/tipset-unknown", { tipset: toHex(key) });
}
