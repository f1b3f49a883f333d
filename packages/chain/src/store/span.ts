import { fromHex, toHex } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import type { LinkTarget } from "../link/link-types.ts";

/** A tipset by name and place. */
export interface TipsetRef {
  readonly key: TipsetKey;
  readonly height: number;
}

/** Name and place of a tipset. */
export const refOf = (tipset: TipsetRef): TipsetRef => ({ key: tipset.key, height: tipset.height });

/**
 * A stretch of linked tipsets between an anchor and the place where the walk towards genesis stands.
 *
 * All from `upper` down to `lowest` is stored and linked; `next` is wanted below. A span that meets a lower one becomes
 * one with it, so a chain assembled to genesis is a single span that reached genesis.
 */
export interface Span {
  readonly id: number;
  /** Absent until the first run is stored. */
  readonly upper?: TipsetRef | undefined;
  readonly lowest?: TipsetRef | undefined;
  /** What to fetch next; the key is empty when genesis is reached. */
  readonly next: LinkTarget;
  readonly reachedGenesis: boolean;
  /**
   * Where the span runs beside the stretch of an older one it has not met yet: the highest such tipset. Those tipsets
   * are kept aside until the spans meet and their weights are compared.
   */
  readonly fork?: TipsetRef | undefined;
  /** Where there is a fork: the lowest height above it that the span holds of the canonical chain, if any. */
  readonly aboveFork?: number | undefined;
}

/** A span as JSON: spans are few, and people read them when something is wrong. */
export function formatSpan(span: Span): string {
  const ref = (tipset: TipsetRef | undefined): unknown => tipset && { key: toHex(tipset.key), height: tipset.height };
  const { key, child } = span.next;
  return JSON.stringify({
    id: span.id,
    upper: ref(span.upper),
    lowest: ref(span.lowest),
    fork: ref(span.fork),
    aboveFork: span.aboveFork,
    reachedGenesis: span.reachedGenesis,
    next: { key: toHex(key), child: child && { ...child, parentWeight: String(child.parentWeight) } },
  });
}

/** Reads {@link formatSpan} back. */
export function parseSpan(text: string): Span {
  const json = JSON.parse(text);
  const ref = (it: { key: string; height: number } | undefined): TipsetRef | undefined =>
    it && { key: fromHex(it.key) as TipsetKey, height: it.height };
  const child = json.next.child && { ...json.next.child, parentWeight: BigInt(json.next.child.parentWeight) };
  return {
    id: json.id,
    upper: ref(json.upper),
    lowest: ref(json.lowest),
    fork: ref(json.fork),
    aboveFork: json.aboveFork,
    reachedGenesis: json.reachedGenesis,
    next: { key: fromHex(json.next.key) as TipsetKey, child },
  };
}

/**
 * Lowest height a span holds of the canonical chain: what runs beside an older span does not count. `undefined` where it
 * holds none.
 */
export function canonicalLowest(span: Span): number | undefined {
  if (span.upper === undefined || span.lowest === undefined) return undefined;
  return span.fork === undefined ? span.lowest.height : span.aboveFork;
}

/**
 * The span that holds a height of the canonical chain, or else the nearest one below it; `except` is left out.
 *
 * @example
 * spanBelow(spans, 900, fresh.id)?.upper?.height // => at most 900, or the span holds 900
 */
export function spanBelow(spans: Iterable<Span>, height: number, except?: number): Span | undefined {
  let found: Span | undefined;
  let foundLowest = -1;
  for (const span of spans) {
    const lowest = span.id === except ? undefined : canonicalLowest(span);
    if (lowest === undefined || lowest > height || lowest <= foundLowest) continue;
    found = span;
    foundLowest = lowest;
  }
  return found;
}

/**
 * The span that holds a height of the canonical chain.
 *
 * @example
 * spanAt(store.spans, 900)?.lowest?.height // => at most 900
 */
export function spanAt(spans: Iterable<Span>, height: number): Span | undefined {
  const span = spanBelow(spans, height);
  return span?.upper !== undefined && height <= span.upper.height ? span : undefined;
}
