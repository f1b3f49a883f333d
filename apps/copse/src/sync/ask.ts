import { NodeError } from "../errors.ts";
import { type Answer, type AskPatience, isFree, isLie, isRefusal, raceSources, type Want } from "./race.ts";
import type { ChainSourcePort, SourcePool } from "./sources.ts";

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
  const refusals = new Map<string, unknown>();
  let pauseMs = pausedMs;
  /** When those are asked again that refused. */
  let again = 0;
  const idleSince = performance.now(); // what fails at once, again and again, is no progress either
  for (;;) {
    const candidates = pool.ranked(tried);
    if (candidates.length === 0) {
      // where every source lied, what the first of them did says more than that nobody is left
      const allLied = pool.size === 0 && pool.dropped.size > 0;
      const left = Math.min(patience.idleMs, allLied ? liarsOnlyMs : patience.idleMs) - (performance.now() - idleSince);
      if (left <= 0) throw allLied ? [...pool.dropped.values()][0] : noPeers(failures, tried);
      await pool.changed(Math.min(left, pausedMs), signal); // one may come, or its pause may end
      // all were asked: ask again; but those that refused are not paused, and are asked again in their time
      const now = performance.now();
      const isTime = now >= again;
      for (const id of tried) if (want.not?.has(id) !== true && (isTime || !refusals.has(id))) tried.delete(id);
      if (!isTime || refusals.size === 0) continue;
      pauseMs = Math.min(2 * pauseMs, mostPauseMs);
      again = now + pauseMs;
      continue;
    }
    const outcome = await raceSources(pool, want, candidates, patience, signal);
    for (const [id, error] of outcome.failed) {
      tried.add(id);
      failures.push(error);
      if (!isFree(want) || !isRefusal(error)) continue;
      if (refusals.size === 0) again = performance.now() + pauseMs;
      refusals.set(id, error);
    }
    if (!("value" in outcome)) continue;
    refusals.delete(outcome.source); // it has it by now
    for (const [id, error] of want.refusal === "free-if-alone" ? refusals : []) {
      if (pool.get(id) === undefined) continue;
      pool.began(id);
      pool.report(id, { kind: "failed", error }); // there was something to serve
    }
    return { value: outcome.value, source: outcome.source };
  }
}

/** How long one waits for an honest source when all that came lied. Unit: ms. */
const liarsOnlyMs = 2000;
/** How often paused sources are looked at again. Unit: ms. */
const pausedMs = 250;
/** How often sources are asked again for what none of them has, at least; it is doubled up to that. Unit: ms. */
const mostPauseMs = 2000;

function noPeers(failures: readonly unknown[], tried: ReadonlySet<string>): NodeError {
  const last = failures.at(-1);
  const why = last instanceof Error ? last.message : "none is connected";
  return new NodeError("copse/no-peers", { tried: tried.size, why }, { cause: last });
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
    // that it has no answer costs it nothing
    pool.report(id, { kind: isLie(error) ? "lied" : isRefusal(error) ? "ended" : "failed", error });
    throw error;
  }
}
