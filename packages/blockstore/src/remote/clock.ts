/** Time as the remote store sees it; tests pass their own. A `Clock` of `@copse/network` fits. */
export interface RemoteClock {
  /** Milliseconds since any fixed moment; never goes back. */
  now(): number;
  /** Runs `task` after `delayMs`; the result cancels it. */
  after(delayMs: number, task: () => void): () => void;
}

/** The machine's own time; its timers keep no process alive. */
export const machineClock: RemoteClock = {
  now: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs) as ReturnType<typeof setTimeout> & { unref?: () => void };
    timer.unref?.();
    return () => clearTimeout(timer);
  },
};

/** Waits, or stops waiting when the signal fires; never throws. */
export function pause(clock: RemoteClock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const stop = (): void => {
      cancel();
      signal.removeEventListener("abort", stop);
      resolve();
    };
    const cancel = clock.after(delayMs, stop);
    signal.addEventListener("abort", stop, { once: true });
  });
}
