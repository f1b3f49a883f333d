import type { AbortOptions } from "@copse/primitives";

/** A stretch of instances that is asked for. */
export interface Window {
  readonly first: number;
  readonly count: number;
  /** Sources that are being asked. */
  readonly asked: Set<string>;
  /** When the last of them was, in ms of `performance.now()`. */
  askedAt: number | undefined;
}

/** What a source gave for the window whose turn it is. */
export interface Delivery {
  readonly first: number;
  readonly peer: string;
  readonly certificates: readonly Uint8Array[];
}

/**
 * Bytes that may wait for windows before them. Honest windows have less than 1 MiB each; who answers with all that a message
 * may hold must not fill the memory of who is kept waiting by another.
 */
const mostWaiting = 32 << 20;

/** The windows that are asked for, or wait for those before them; in order of their instances. */
export class WindowQueue {
  readonly #size: number;
  readonly #most: number;
  #windows: Window[] = [];
  readonly #came = new Map<Window, Delivery>();
  #next: number;
  /** The instance after the last window. */
  #end: number;
  /** Something came that there was no room for. */
  #turnedAway = false;

  constructor(next: number, size: number, most: number) {
    this.#next = next;
    this.#end = next;
    this.#size = size;
    this.#most = most;
  }

  /** The window whose turn it is. */
  get first(): Window | undefined {
    return this.#windows[0];
  }

  /** Windows to ask for, that nothing came for yet: the first alone while there is no room for others. */
  get open(): readonly Window[] {
    const windows = this.#turnedAway ? this.#windows.slice(0, 1) : this.#windows;
    return windows.filter((window) => !this.#came.has(window));
  }

  /** Nothing came that waits, and nothing is being asked for. */
  get idle(): boolean {
    return this.#windows.every(
      (window) => window.asked.size === 0 && !(window === this.first && this.#came.has(window)),
    );
  }

  /** Opens windows up to an instance; those past it, which nobody has any more, go. */
  fill(goal: number): void {
    this.#windows = this.#windows.filter((window) => window.first < goal || this.#came.has(window));
    this.#end = this.#windows.reduce((end, { first, count }) => Math.max(end, first + count), this.#next);
    while (this.#windows.length < this.#most && this.#end < goal) {
      const count = Math.min(this.#size, goal - this.#end);
      this.#windows.push({ first: this.#end, count, asked: new Set(), askedAt: undefined });
      this.#end += count;
    }
  }

  /**
   * Something came for a window. Where two sources gave something, the first counts. What there is no room for is asked for
   * anew when the first window came.
   */
  came(window: Window, peer: string, certificates: readonly Uint8Array[]): void {
    if (!this.#windows.includes(window) || this.#came.has(window)) return;
    const waiting = [...this.#came.values()].reduce((sum, delivery) => sum + sizeOf(delivery.certificates), 0);
    if (window !== this.first && waiting + sizeOf(certificates) > mostWaiting) this.#turnedAway = true;
    else this.#came.set(window, { first: window.first, peer, certificates });
  }

  /** What came for the window whose turn it is. It waits for what was asked for no longer. */
  takeReady(): Delivery | undefined {
    const [window] = this.#windows;
    const delivery = window && this.#came.get(window);
    if (window === undefined || delivery === undefined) return undefined;
    this.#came.delete(window);
    this.#windows.shift();
    this.#turnedAway = false;
    return delivery;
  }

  /** All before an instance is stored: what a window has left of it is asked for anew, first of all. */
  advance(next: number): void {
    this.#next = next;
    const left = this.#windows.filter(({ first, count }) => first + count > next);
    for (const window of this.#windows) if (!left.includes(window)) this.#came.delete(window);
    this.#windows = left;
    const [window] = left;
    if (window === undefined) return;
    if (window.first > next) {
      const count = Math.min(this.#size, window.first - next);
      this.#windows.unshift({ first: next, count, asked: new Set(), askedAt: undefined });
    }
  }
}

function sizeOf(certificates: readonly Uint8Array[]): number {
  return certificates.reduce((sum, { length }) => sum + length, 0);
}

/** Resolves at the next event, or after `ms`, or when the signal fires. */
export function nextEvent(
  news: EventTarget,
  ms: number | undefined,
  signal: NonNullable<AbortOptions["signal"]>,
): Promise<void> {
  return new Promise((resolve) => {
    const late = ms === undefined ? undefined : AbortSignal.timeout(Math.max(1, Math.ceil(ms)));
    const done = (): void => {
      news.removeEventListener("news", done);
      signal.removeEventListener("abort", done);
      late?.removeEventListener("abort", done);
      resolve();
    };
    news.addEventListener("news", done);
    signal.addEventListener("abort", done);
    late?.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
