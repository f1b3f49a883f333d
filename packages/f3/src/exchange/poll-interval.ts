/** Bounds of polling, from the manifest. Unit: ms. */
export interface PollBounds {
  readonly minimumPollIntervalMs: number;
  readonly maximumPollIntervalMs: number;
}

/**
 * How long to wait before peers are asked again: as long as an instance takes, as far as one can tell. Nothing new doubles
 * the wait; several at once divide it; one is right.
 *
 * @param lastMs the wait before, or `undefined` at the first
 * @param fresh certificates that came since
 * @see go-f3 certexchange/polling/predictor.go, which searches for the interval in finer steps
 * @example
 * pollInterval(60_000, 3, { minimumPollIntervalMs: 30_000, maximumPollIntervalMs: 120_000 }) // => 30_000
 */
export function pollInterval(lastMs: number | undefined, fresh: number, bounds: PollBounds): number {
  const { minimumPollIntervalMs: least, maximumPollIntervalMs: most } = bounds;
  if (lastMs === undefined) return least;
  const wanted = fresh === 0 ? lastMs * 2 : lastMs / fresh;
  return Math.min(most, Math.max(least, Math.round(wanted)));
}
