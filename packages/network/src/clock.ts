/** Time as everything here sees it: tests pass their own. */
export interface Clock {
  /** Milliseconds since any fixed moment; never goes back. */
  now(): number;
  /** Nanoseconds since 1970, for hello. */
  unixNanoseconds(): bigint;
  /** Runs `task` after `delayMs`; the result cancels it. Does not keep the process alive. */
  after(delayMs: number, task: () => void): () => void;
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  unixNanoseconds: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n,
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs) as ReturnType<typeof setTimeout> & { unref?: () => void };
    timer.unref?.();
    return () => clearTimeout(timer);
  },
};

/** Waits, or stops waiting when the signal fires; never throws. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const stop = (): void => {
      cancel();
      signal?.removeEventListener("abort", stop);
      resolve();
    };
    const cancel = clock.after(delayMs, stop);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
