import { HostFault, isCopseError } from "@copse/primitives";
import { NodeError } from "../errors.ts";
import type { ChainSourcePort, SourcePool } from "./sources.ts";

/** How long to wait for what. Unit: ms. */
export interface AskPatience {
  /** After so long without an answer a second source is asked as well. */
  readonly hedgeMs: number;
  /** After so long with no source left to ask, the want fails. */
  readonly idleMs: number;
}

/** A want: one question that any source may answer. */
export interface Want<T> {
  readonly ask: (source: ChainSourcePort, signal: AbortSignal) => Promise<T>;
  /** Bytes of an answer, for the ranking. */
  readonly size: (answer: T) => number;
  /** Sources that need not be asked: they answered this falsely or not at all before. */
  readonly not?: ReadonlySet<string>;
}

/** An answer and who gave it. */
export interface Answer<T> {
  readonly value: T;
  readonly source: string;
}

/**
 * Asks sources in order of rank until one answers; a slow one is overtaken by the next. What an answer is worth is for
 * the caller to judge, who asks again with that source in `not`.
 *
 * @throws {NodeError} `copse/no-peers` when no source is left, and none came within `idleMs`
 * @throws {HostFault} `host/aborted`
 */
export async function askSources<T>(
  pool: SourcePool,
  want: Want<T>,
  patience: AskPatience,
  signal: AbortSignal,
): Promise<Answer<T>> {
  const tried = new Set(want.not);
  const failures: unknown[] = [];
  let idleSince = performance.now();
  for (;;) {
    const [first, second] = pool.ranked(tried);
    if (first === undefined) {
      // where every source lied, what the first of them did says more than that nobody is left
      const allLied = pool.size === 0 && pool.dropped.size > 0;
      const left = Math.min(patience.idleMs, allLied ? liarsOnlyMs : patience.idleMs) - (performance.now() - idleSince);
      if (left <= 0) throw allLied ? [...pool.dropped.values()][0] : noPeers(failures, tried);
      await pool.changed(Math.min(left, pausedMs), signal); // one may come, or its pause may end
      for (const id of tried) if (want.not?.has(id) !== true) tried.delete(id); // all were asked: ask again
      continue;
    }
    idleSince = performance.now();
    const outcome = await race(pool, want, first, second, patience, signal);
    if ("value" in outcome) return outcome;
    for (const [id, error] of outcome.failed) {
      tried.add(id);
      failures.push(error);
    }
  }
}

/** How long one waits for an honest source when all that came lied. Unit: ms. */
const liarsOnlyMs = 2000;
/** How often paused sources are looked at again. Unit: ms. */
const pausedMs = 250;

function noPeers(failures: readonly unknown[], tried: ReadonlySet<string>): NodeError {
  const last = failures.at(-1);
  const why = last instanceof Error ? last.message : "none is connected";
  return new NodeError("copse/no-peers", { tried: tried.size, why }, { cause: last });
}

type Raced<T> = Answer<T> | { readonly failed: readonly (readonly [id: string, error: unknown])[] };

async function race<T>(
  pool: SourcePool,
  want: Want<T>,
  first: ChainSourcePort,
  second: ChainSourcePort | undefined,
  patience: AskPatience,
  signal: AbortSignal,
): Promise<Raced<T>> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const failed: [string, unknown][] = [];
  const one = async (source: ChainSourcePort): Promise<Answer<T>> => {
    const started = performance.now();
    pool.began(source.id);
    try {
      const value = await want.ask(source, either);
      pool.report(source.id, { kind: "served", ms: performance.now() - started, bytes: want.size(value) });
      return { value, source: source.id };
    } catch (error) {
      if (either.aborted) {
        // overtaken by another although it had all our patience: slow; else we only changed our mind
        const slow = !signal.aborted && performance.now() - started >= patience.hedgeMs;
        pool.report(source.id, slow ? { kind: "failed", error } : { kind: "ended" });
      } else {
        pool.report(source.id, { kind: isLie(error) ? "lied" : "failed", error });
        failed.push([source.id, error]);
      }
      throw error;
    }
  };
  try {
    const runs = [one(first)];
    if (second !== undefined)
      runs.push(hedge(() => one(second), patience.hedgeMs, runs[0] as Promise<unknown>, either));
    return await Promise.any(runs);
  } catch (error) {
    if (signal.aborted) throw new HostFault("host/aborted", { reason: String(signal.reason) }, { cause: error });
    return { failed };
  } finally {
    over.abort(new Error("another source answered first"));
  }
}

/** Starts `run` after `ms`, or as soon as `leader` has failed; never when the race is over. */
function hedge<T>(run: () => Promise<T>, ms: number, leader: Promise<unknown>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    let started = false;
    const start = (): void => {
      if (started) return;
      started = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      run().then(resolve, reject);
    };
    const stop = (): void => {
      if (started) return;
      started = true;
      clearTimeout(timer);
      reject(new HostFault("host/aborted", { reason: "another source answered first" }));
    };
    const timer = setTimeout(start, ms);
    signal.addEventListener("abort", stop, { once: true });
    leader.catch(start);
  });
}

/**
 * Asks one source, and counts how it went.
 *
 * @throws {NodeError} `copse/no-peers` when it is not at hand, and what it fails with
 */
export async function askOne<T extends readonly unknown[]>(
  pool: SourcePool,
  id: string,
  ask: (source: ChainSourcePort) => Promise<T>,
): Promise<Answer<T>> {
  const source = pool.get(id);
  if (source === undefined) throw new NodeError("copse/no-peers", { tried: 0, why: `${id} is not connected` });
  const started = performance.now();
  pool.began(id);
  try {
    const value = await ask(source);
    pool.report(id, { kind: "served", ms: performance.now() - started, bytes: 0 });
    return { value, source: id };
  } catch (error) {
    pool.report(id, { kind: isLie(error) ? "lied" : isCopseError(error, "host/") ? "ended" : "failed", error });
    throw error;
  }
}

/** Whether a failure is the source's falsehood rather than its slowness. */
export function isLie(error: unknown): boolean {
  if (!isCopseError(error)) return false;
  const facts = error.facts as { fault?: unknown } | undefined;
  const fault = (error as { fault?: unknown }).fault ?? facts?.fault;
  return fault === "lie" || fault === "garbage";
}
