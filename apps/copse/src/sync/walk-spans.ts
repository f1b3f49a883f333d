import { type ChainStore, type Span, spanAt } from "@copse/chain";
import { equalBytes, isCopseError } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import { isAwaited, type WalkNeeds, walkBack } from "./walk-back.ts";

/** What walking spans side by side is handed. */
export interface SpansNeeds extends Omit<WalkNeeds, "window"> {
  /** Spans walked at once. */
  readonly parallelSpans: number;
}

/**
 * Walks every unfinished span, a few at a time, until none is left.
 *
 * Spans of earlier targets may be among them, down to forks that nobody holds any more. One that is not served while the
 * target's is, or that fits the stored chain nowhere, goes; trouble with the target's own is thrown.
 *
 * @throws {NodeError} `copse/no-peers`
 * @throws {ChainError} what is wrong with the chain below the target
 */
export async function walkSpans(target: TipsetKey, needs: SpansNeeds, signal: AbortSignal): Promise<void> {
  const { store, to, parallelSpans } = needs;
  const busy = new Map<number, Promise<void>>();
  const stuck: StuckSpans = { halted: new Map(), unserved: new Map() };
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  try {
    for (;;) {
      await needs.certified?.openSpans();
      for (const { id, next } of store.spans.filter((span) => isOpen(span, to))) {
        if (busy.size >= parallelSpans) break;
        if (busy.has(id) || stuck.halted.has(id) || stuck.unserved.has(id)) continue;
        if (isAwaited(store, id, next.key)) continue; // what it wants comes with another span
        const walk = walkSpan(id, target, { ...needs, window: 900 }, stuck, either).finally(() => busy.delete(id));
        walk.catch(() => {}); // thrown below
        busy.set(id, walk);
      }
      if (busy.size === 0) {
        if (await dropUnserved(store, target, stuck)) continue;
        const [first] = [...stuck.unserved.values(), ...stuck.halted.values()];
        if (first !== undefined) throw first; // nothing else moves, so nothing will set it right
        return;
      }
      await Promise.race(busy.values());
    }
  } finally {
    over.abort(new Error("another walk failed"));
    await Promise.allSettled(busy.values());
    await store.settled();
  }
}

/** Spans that cannot go on, with why. */
interface StuckSpans {
  /** They disagree with others, and wait until those have moved. */
  readonly halted: Map<number, unknown>;
  /** Nobody serves what they want. */
  readonly unserved: Map<number, unknown>;
}

/** Walks one span. One that cannot become part of the stored chain is given up, with what was stored of it. */
async function walkSpan(
  id: number,
  target: TipsetKey,
  needs: WalkNeeds,
  { halted, unserved }: StuckSpans,
  signal: AbortSignal,
): Promise<void> {
  const { store } = needs;
  try {
    await walkBack(id, needs, signal);
    halted.clear(); // this one moved: the others may go on
  } catch (error) {
    if (!isCopseError(error)) throw error;
    if (error.code === "chain/spans-disagree") halted.set(id, error);
    else if (error.code === "copse/no-peers") unserved.set(id, error);
    else if (hopeless.has(error.code)) {
      const own = spanOf(store, target)?.id === id;
      // a rule that breaks far down the target's chain may be our own error: hours of work are not thrown away for it
      const keep = chosenSpans(store).has(id) || (own && error.code === "copse/chain-broken");
      if (!keep) await store.dropSpan(id);
      if (own) throw error;
      if (keep) halted.set(id, error);
      else halted.clear();
    } else throw error;
  }
}

/** What no other source and no later moment changes about a span. */
const hopeless: ReadonlySet<string> = new Set([
  "copse/chain-broken",
  "copse/not-certified",
  "chain/fork-too-long",
  "chain/seam-broken",
  "chain/behind-checkpoint",
]);

/** Drops spans that nobody serves while the target's is served: they are no part of its chain. @returns whether any */
async function dropUnserved(store: ChainStore, target: TipsetKey, { halted, unserved }: StuckSpans): Promise<boolean> {
  const own = spanOf(store, target);
  if (own === undefined || unserved.has(own.id)) return false;
  const chosen = chosenSpans(store);
  let dropped = false;
  for (const id of unserved.keys()) {
    if (chosen.has(id)) continue;
    await store.dropSpan(id);
    unserved.delete(id);
    dropped = true;
  }
  if (dropped) halted.clear();
  return dropped;
}

/** Spans that hold the head or the checkpoint. */
function chosenSpans(store: ChainStore): ReadonlySet<number | undefined> {
  return new Set([store.head, store.checkpoint].map((it) => it && spanOf(store, it.key)?.id));
}

/** The span that wants a tipset, or holds it. */
function spanOf({ spans, reader }: ChainStore, key: TipsetKey): Span | undefined {
  const named = spans.find(({ upper, next }) => equalBytes((upper ?? next).key, key));
  if (named !== undefined || !reader.isCanonical(key)) return named;
  return spanAt(spans, reader.tipset(key)?.height ?? -1);
}

function isOpen(span: Span, to: number): boolean {
  return !span.reachedGenesis && (span.lowest === undefined || span.lowest.height > to);
}
