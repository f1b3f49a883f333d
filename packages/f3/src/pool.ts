import { type AbortOptions, abortFault } from "@copse/primitives";
import type { StartThread } from "@copse/primitives/threads";
import { defaultWorkers, startThread } from "#threads";
import type { BadClaim } from "./check-claims.ts";
import type { ClaimAnswer, ClaimTask } from "./claim-task.ts";
import { ClaimThreads } from "./claim-threads.ts";
import { F3Error } from "./errors.ts";
import type { F3Position, FinalityCertificate } from "./types.ts";
import {
  mostUnprovenKeys,
  type Steps,
  settle,
  takeBatch,
  takeSteps,
  type Verified,
  type VerifyOptions,
} from "./verify.ts";

export { type StartThread, type Thread, type ThreadEvents, type WebWorker, webThread } from "@copse/primitives/threads";
export type { ClaimAnswer, ClaimTask } from "./claim-task.ts";

/** How a pool is made. */
export interface F3PoolOptions extends AbortOptions {
  /** Threads, each with its own engine and keys. Default: the cores there are (in browsers one less). */
  readonly workers?: number | undefined;
  /** Starts a thread; default: a worker thread in Node, a module worker in browsers. */
  readonly start?: StartThread<ClaimTask, ClaimAnswer> | undefined;
}

/** What verification in a pool needs to know: workers have randomness of their own. */
export interface PoolVerifyOptions extends Omit<VerifyOptions, "random">, AbortOptions {}

/** Verifies certificates on several threads. */
export interface F3Pool extends AsyncDisposable {
  /**
   * As `verifyCertificates`: the same position, count and error. Certificates behind a bad one may have been looked at,
   * but none is accepted.
   *
   * @throws {F3Error} `f3/pool-closed`
   * @throws {HostFault} `host/aborted`; `host/worker-failed` when a worker died over a batch: its certificates are neither good nor bad
   */
  verify(
    position: F3Position,
    certificates: readonly FinalityCertificate[],
    options: PoolVerifyOptions,
  ): Promise<Verified>;
  /** Refuses what waits and ends the workers. */
  close(): Promise<void>;
}

/** A worker gets this many certificates at once, where there are enough for all: one final exponentiation for them. */
const mostTogether = 8;
/** Batches a worker has at hand, so that it never waits for this thread. */
const ahead = 2;

/** Certificates under way. */
interface Flight {
  readonly at: number;
  /** How many keys its changes of tables bring in. */
  readonly keys: number;
  readonly start: F3Position;
  readonly taken: Steps;
  readonly bad: Promise<BadClaim | undefined>;
}

/**
 * Starts workers that check signatures. Chains, changes of tables and their CIDs are checked on the thread that asks, in
 * order, a few batches ahead of the signatures; not behind changes that bring in many keys, before they are proved.
 *
 * The workers are shut down by `close`, by the signal, or with the process: an idle pool does not keep a process alive.
 * Cost of a start: each worker decodes the keys of the table, about half a second for 1,500.
 *
 * @example
 * await using pool = createF3Pool({ workers: 2 });
 * const { position, error } = await pool.verify(start, certificates, { networkName: "filecoin", signal });
 */
export function createF3Pool({ workers, start, signal }: F3PoolOptions = {}): F3Pool {
  const size = Math.max(1, workers ?? defaultWorkers());
  const threads = new ClaimThreads(signal?.aborted === true ? 0 : size, start ?? startThread);
  const close = (): Promise<void> => {
    signal?.removeEventListener("abort", onAbort);
    return threads.close(new F3Error("f3/pool-closed", {}));
  };
  const onAbort = (): void => void threads.close(abortFault(signal as AbortSignal));
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  return {
    verify: (position, certificates, options) => verifyIn(threads, position, certificates, options),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function verifyIn(
  threads: ClaimThreads,
  start: F3Position,
  certificates: readonly FinalityCertificate[],
  { networkName, lookback, signal }: PoolVerifyOptions,
): Promise<Verified> {
  if (threads.over !== undefined) throw threads.over;
  const rules = { networkName, lookback: lookback ?? false };
  const together = Math.min(mostTogether, Math.ceil(certificates.length / threads.size));
  // ends with this call, so that what was sent ahead of a bad certificate is not worked on
  const stop = new AbortController();
  const flights: Flight[] = [];
  let next: F3Position | undefined = start;
  let sent = 0;
  let position = start;
  try {
    for (;;) {
      if (signal?.aborted === true) throw abortFault(signal);
      while (next !== undefined && sent < certificates.length && flights.length < ahead * threads.size) {
        if (flights.reduce((sum, { keys }) => sum + keys, 0) > mostUnprovenKeys) break;
        const { batch, keys } = takeBatch(certificates, sent, together);
        const taken = takeSteps(next, batch, rules);
        const claims = taken.steps.map(({ claim }) => claim);
        const bad = claims.length === 0 ? Promise.resolve(undefined) : threads.check(claims, stop.signal);
        bad.catch(() => {}); // whoever waits for it hears of it
        flights.push({ at: sent, keys, start: next, taken, bad });
        next = taken.error === undefined ? (taken.steps.at(-1)?.after as F3Position) : undefined;
        sent += batch.length;
      }
      const flight = flights.shift();
      if (flight === undefined) return { position, accepted: certificates.length };
      const result = settle(flight.start, flight.taken, await unlessAborted(flight.bad, signal));
      position = result.position;
      if (result.error !== undefined) return { ...result, accepted: flight.at + result.accepted };
    }
  } finally {
    stop.abort();
  }
}

async function unlessAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await result;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(abortFault(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([result, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
