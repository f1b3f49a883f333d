import {
  type ChainStore,
  chainError,
  guessBelow,
  type LinkedRun,
  type LinkFault,
  type LinkRules,
  type LinkTarget,
  linkRun,
  type Span,
  skimHeader,
} from "@copse/chain";
import { assertNotAborted, equalBytes, isCopseError } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import { NodeError } from "../errors.ts";
import { askSources } from "./ask.ts";
import { isSourceFalse } from "./blame.ts";
import { assertCertified, type Certified } from "./certified.ts";
import type { Answer, AskPatience, Want } from "./race.ts";
import type { HeaderSlices, SourcePool } from "./sources.ts";

/** What a walk towards genesis is handed. */
export interface WalkNeeds {
  readonly store: ChainStore;
  readonly pool: SourcePool;
  readonly rules: LinkRules;
  readonly patience: AskPatience;
  /** Tipsets asked for at once, 1 to 900. */
  readonly window: number;
  /** The walk ends below this height; 0 walks to genesis. */
  readonly to: number;
  /** Tipsets that are known to be on the chain. */
  readonly certified?: Certified | undefined;
  /** Told after each stored window. */
  readonly onWindow?: (progress: {
    readonly lowest: number;
    readonly tipsets: number;
    readonly source: string;
  }) => void;
}

/** Fewest tipsets worth a request. */
const leastWindow = 16;

type Window = Answer<readonly HeaderSlices[]>;

/**
 * Walks a span from its next wanted tipset towards genesis until it reaches genesis, `to`, or an older span.
 *
 * While a window is verified the one below it is already on its way: its key is read from the bytes that just came,
 * before they are verified, and the answer is thrown away where they prove false. While a window is written the one
 * below it is verified. Every window is durable before the one after it is stored, so a kill loses at most what is in
 * flight.
 *
 * Where it comes to a tipset that another span is about to begin with, it ends: that one brings it, and the two are joined
 * when the walk is taken up again.
 *
 * Bound: three windows, one each on its way, verified and being written; where the disk is slow nothing more is asked.
 *
 * @throws {NodeError} `copse/no-peers`
 * @throws {NodeError} `copse/chain-broken` where the chain itself breaks a rule, not a source; `copse/not-certified`
 * @throws {ChainError} where it does not fit what is stored
 */
export async function walkBack(spanId: number, needs: WalkNeeds, signal: AbortSignal): Promise<void> {
  const { store, pool } = needs;
  const current = (): Span | undefined => store.spans.find(({ id }) => id === spanId);
  let ahead: { key: TipsetKey; window: Promise<Window>; cancel: AbortController } | undefined;
  let writing: Promise<unknown> | undefined;
  const liars = new Set<string>();
  try {
    let target = current()?.next;
    while (target !== undefined && wantsMore(current(), needs.to)) {
      assertNotAborted(signal);
      if (isAwaited(store, spanId, target.key)) break;
      const window = await (ahead !== undefined && equalBytes(ahead.key, target.key)
        ? ahead.window
        : (stored(store, target.key) ?? ask(target, needs, liars, signal)));
      const value = above(floorOf(target, needs), window.value);
      const guess = guessBelow(value.at(-1)?.headers ?? []);
      ahead =
        guess === undefined || (guess.child?.height ?? 0) <= needs.to || isElsewhere(store, spanId, guess.key)
          ? undefined
          : askAhead(guess, needs, liars, signal);
      const run = linkRun(target, value, needs.rules);
      if (needs.certified !== undefined) assertCertified(run.linked, target.child?.height, needs.certified);
      await writing;
      const span = current();
      if (span === undefined) return; // a walk from above has met this one, and goes on with it
      if (!equalBytes(span.next.key, target.key)) {
        target = span.next; // it has met an older one, and goes on below that
        continue;
      }
      writing = write(spanId, run, window.source, needs);
      writing.catch(() => {}); // thrown where it is waited for
      target = run.next;
      if (run.fault !== undefined) {
        if (!isSourceFalse(run, value, needs.rules)) {
          await writing;
          throw brokenChain(run.fault);
        }
        liars.add(window.source);
        pool.report(window.source, { kind: "lied", error: chainError(run.fault) });
        ahead?.cancel.abort(new Error("the window above was false"));
        ahead = undefined;
      }
      // at the end, or where an older span may be met at any tipset, only the store knows what is wanted next
      if (store.spans.length > 1 || run.reachedGenesis || (target.child?.height ?? Infinity) <= needs.to) {
        await writing;
        target = current()?.next;
      }
    }
    await writing;
  } finally {
    ahead?.cancel.abort(new Error("the walk is over"));
  }
}

/** Whether a tipset is what another span wants first: that one has begun below a tipset known to be on the chain. */
export function isAwaited({ spans }: ChainStore, spanId: number, key: TipsetKey): boolean {
  return spans.some(({ id, upper, next }) => id !== spanId && upper === undefined && equalBytes(next.key, key));
}

/** Whether a tipset comes, or came, with another span. */
function isElsewhere(store: ChainStore, spanId: number, key: TipsetKey): boolean {
  return isAwaited(store, spanId, key) || store.reader.isCanonical(key);
}

/** A window of one tipset that is stored: another span brought it, and this one meets it there. */
function stored({ reader }: ChainStore, key: TipsetKey): Window | undefined {
  const tipset = reader.isCanonical(key) ? reader.tipset(key) : undefined;
  return tipset && { value: [{ headers: tipset.headers }], source: "the store" };
}

/** The chain is at fault, not who served it. */
function brokenChain(fault: LinkFault): NodeError {
  const { tipset } = fault.facts;
  return new NodeError("copse/chain-broken", { tipset, why: fault.message }, { cause: chainError(fault) });
}

/** Stores what is linked of a run; tells of it once it is durable. */
async function write(id: number, run: LinkedRun, source: string, { store, onWindow }: WalkNeeds): Promise<void> {
  const lowest = run.linked.at(-1);
  if (lowest === undefined) return;
  await store.appendRun(id, run);
  onWindow?.({ lowest: lowest.height, tipsets: run.linked.length, source });
}

function wantsMore(span: Span | undefined, to: number): boolean {
  return span !== undefined && !span.reachedGenesis && (span.lowest === undefined || span.lowest.height > to);
}

/** The height of the next certified tipset below, which another span begins with; -1 where there is none. */
function floorOf(target: LinkTarget, { certified }: WalkNeeds): number {
  return certified?.below(target.child?.height ?? certified.heightOf(target.key) ?? 0) ?? -1;
}

/** A window without its end at and below a height: null rounds make it reach further down than was counted on. */
function above(floor: number, window: readonly HeaderSlices[]): readonly HeaderSlices[] {
  let end = window.length;
  try {
    while (
      floor >= 0 &&
      end > 1 &&
      skimHeader((window[end - 1] as HeaderSlices).headers[0] as Uint8Array).height <= floor
    )
      end--;
  } catch (error) {
    if (!isCopseError(error)) throw error;
    return window; // linking it tells what is wrong
  }
  return end === window.length ? window : window.slice(0, end);
}

function ask(target: LinkTarget, needs: WalkNeeds, not: ReadonlySet<string>, signal: AbortSignal): Promise<Window> {
  // a tipset an epoch at most: no more than are left are asked for, down to where another span begins
  const told = needs.certified?.heightOf(target.key);
  const top = target.child === undefined ? told : target.child.height - 1;
  const floor = Math.max(needs.to, floorOf(target, needs) + 1);
  const left = top === undefined ? needs.window : Math.max(1, top - floor + 1);
  // a short walk is shared among the peers there are, so that none of them goes unheard
  const share = Math.max(leastWindow, Math.ceil(left / (2 * Math.max(1, needs.pool.size))));
  // a key that may be invented is asked for with little below it, one that is certified with all
  const usual = target.child === undefined ? leastWindow : share;
  const count = Math.min(needs.window, left, told === undefined ? usual : left);
  const want: Want<readonly HeaderSlices[]> = {
    ask: (source, one) => source.headers(target.key, count, { signal: one }),
    size: (tipsets) =>
      tipsets.reduce((sum, { headers }) => headers.reduce((bytes, header) => bytes + header.length, sum), 0),
    not,
  };
  return askSources(needs.pool, want, needs.patience, signal);
}

function askAhead(
  target: LinkTarget,
  needs: WalkNeeds,
  not: ReadonlySet<string>,
  signal: AbortSignal,
): { key: TipsetKey; window: Promise<Window>; cancel: AbortController } {
  const cancel = new AbortController();
  const window = ask(target, needs, not, AbortSignal.any([signal, cancel.signal]));
  window.catch(() => {}); // looked at when its turn comes, or never
  return { key: target.key, window, cancel };
}
