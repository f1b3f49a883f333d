import { equalBytes } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import type { LinkedTipset } from "../link/link-types.ts";
import type { ChainReader } from "./chain-reader.ts";
import { headWeight } from "./chain-weight.ts";
import type { Head, HeadChange } from "./head-change.ts";
import type { Span } from "./span.ts";
import type { SpanStep } from "./span-step.ts";

/**
 * Where the head goes when the tipset it stood on is canonical no more, since two spans were joined.
 *
 * @param before the span as it was before the run
 * @param added tipsets of the run, which are not stored yet
 */
export function headAfterJoin(
  reader: ChainReader,
  from: Head | undefined,
  before: Span,
  step: SpanStep,
  added: readonly LinkedTipset[],
): HeadChange | undefined {
  const { span: after, met, reverted } = step;
  if (from === undefined || met?.upper === undefined) return undefined;
  const lostTo = after === undefined ? met.upper : after.upper;
  const left =
    after === undefined
      ? from.height > met.upper.height && from.height <= (before.upper?.height ?? -1)
      : reverted.some((tipset) => equalBytes(tipset.key, from.key));
  if (!left || lostTo === undefined) return undefined;
  const find = (key: TipsetKey): LinkedTipset | undefined =>
    added.find((tipset) => equalBytes(tipset.key, key)) ?? reader.tipset(key);
  const tipset = find(lostTo.key);
  const to: Head = { ...lostTo, weight: tipset === undefined ? 0n : headWeight(tipset, find) };
  return { from, to, revert: reverted.filter((it) => it.height <= from.height), apply: [lostTo], gap: true };
}
