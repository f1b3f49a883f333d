import { type AbortOptions, assertNotAborted } from "@copse/primitives";
import type { CertificateCheck } from "../store/certificate-check.ts";
import { assertFits } from "../store/store-core.ts";
import type { F3Position } from "../types.ts";
import type { F3SnapshotEntry } from "./read-snapshot.ts";

/** Certificates verified at once, at most: their bytes are the other bound. */
const mostAtOnce = 4096;
const leastAtOnce = 64;
/**
 * How long a batch should take: long enough that many workers seldom wait for the last of them, short enough that progress is
 * told, the signal is heard and what is verified is on disk. Unit: ms.
 */
const batchMs = 1500;
/** A rate that was measured while workers start says little of the next batch. */
const mostGrowth = 4;
/** Bytes of certificates verified at once, about. */
export const batchBytes: number = 4 << 20;

/** How far reading a snapshot has come. */
export interface F3SnapshotProgress {
  /** The last instance that is done with. */
  readonly instance: number;
  readonly first: number;
  readonly latest: number;
  /** Bytes of the F3 stream up to there. */
  readonly bytes: number;
  /** Certificates that were verified. */
  readonly verified: number;
  /** Certificates that are, byte for byte, in the store or were staged by an import that was killed. */
  readonly known: number;
}

/** How many certificates to verify at once: a number that is given, or as many as take about {@link batchMs}. */
export class BatchSize {
  readonly #isFixed: boolean;
  #count: number;

  constructor(given: number | undefined) {
    this.#isFixed = given !== undefined;
    this.#count = Math.max(1, given ?? leastAtOnce);
  }

  get count(): number {
    return this.#count;
  }

  /** Learns how long so many have taken. */
  learn(count: number, ms: number): void {
    if (this.#isFixed) return;
    const fitting = Math.round((count * batchMs) / Math.max(ms, 1));
    const most = Math.min(mostAtOnce, this.#count * mostGrowth);
    this.#count = Math.max(leastAtOnce, Math.min(fitting, most));
  }
}

/** Verifies entries that follow a position. @returns the position after them @throws {F3Error} of the first bad one */
export async function verifyBatch(
  check: CertificateCheck,
  position: F3Position,
  entries: readonly F3SnapshotEntry[],
  options: AbortOptions & { readonly networkName: string },
): Promise<F3Position> {
  // A verifier on this thread would keep whatever else goes on from running, the end of our signal among it.
  await new Promise<void>((resolve) => setTimeout(resolve));
  assertNotAborted(options.signal);
  const certificates = entries.map(({ certificate }) => certificate);
  const result = await check.verify(position, certificates, options);
  if (result.error !== undefined) throw result.error;
  assertFits(position, certificates, result);
  return result.position;
}

/**
 * Has the next batch read, and prepared, while one is worked on.
 *
 * @param stop ends the reading, for whoever leaves the loop: the read ahead may wait for bytes that never come
 */
export async function* readAhead<T>(
  batches: AsyncIterable<T>,
  prepare: (batch: T) => void,
  stop: () => void,
): AsyncGenerator<T> {
  const iterator = batches[Symbol.asyncIterator]();
  const pull = async (): Promise<IteratorResult<T>> => {
    const step = await iterator.next();
    if (step.done !== true) prepare(step.value);
    return step;
  };
  let next = pull();
  let isRead = false;
  try {
    for (let step = await next; step.done !== true; step = await next) {
      next = pull();
      next.catch(() => {}); // thrown where it is waited for
      yield step.value;
    }
    isRead = true;
  } finally {
    if (!isRead) {
      stop();
      iterator.return?.().catch(() => {});
    }
  }
}
