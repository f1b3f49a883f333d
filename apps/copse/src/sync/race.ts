import { abortFault, isCopseError } from "@copse/primitives";
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
  /**
   * What it means that a source says it has no answer. `failed`, unless told: it should have one. `free`: it need not have
   * one. `free-if-alone`: nobody may have one, and it failed only where another then answers.
   */
  readonly refusal?: "failed" | "free" | "free-if-alone";
}

/** An answer and who gave it. */
export interface Answer<T> {
  readonly value: T;
  readonly source: string;
}

/** An answer, if any, and what each source that was asked failed with. */
export type Raced<T> = Failed | (Answer<T> & Failed);

interface Failed {
  readonly failed: readonly (readonly [id: string, error: unknown])[];
}

/** Sources asked the same at once, at most. */
const mostAtOnce = 3;

/**
 * Asks the first source; the next one as well whenever one has failed, or none has answered for `hedgeMs`. The first
 * answer wins, and the others are told to stop.
 *
 * @throws {HostFault} `host/aborted`
 */
export function raceSources<T>(
  pool: SourcePool,
  want: Want<T>,
  candidates: readonly ChainSourcePort[],
  { hedgeMs }: AskPatience,
  signal: AbortSignal,
): Promise<Raced<T>> {
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const failed: [string, unknown][] = [];
    let next = 0;
    let running = 0;
    let timer: NodeJS.Timeout | undefined;

    const end = (settle: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      over.abort(new Error("another source answered first"));
      settle();
    };
    const onAbort = (): void => end(() => reject(abortFault(signal)));
    const startNext = (): void => {
      clearTimeout(timer);
      if (either.aborted) return;
      const source = running < mostAtOnce ? candidates[next] : undefined;
      if (source !== undefined) {
        next++;
        running++;
        void askIt(source);
      } else if (running === 0) {
        end(() => resolve({ failed }));
        return;
      }
      timer = setTimeout(startNext, hedgeMs);
    };
    const askIt = async (source: ChainSourcePort): Promise<void> => {
      const started = performance.now();
      pool.began(source.id);
      try {
        const value = await want.ask(source, either);
        pool.report(source.id, { kind: "served", ms: performance.now() - started, bytes: want.size(value) });
        end(() => resolve({ value, source: source.id, failed }));
      } catch (error) {
        running--;
        if (either.aborted) {
          // overtaken by another although it had all our patience: slow; else we only changed our mind
          const slow = !signal.aborted && performance.now() - started >= hedgeMs;
          pool.report(source.id, slow ? { kind: "failed", error } : { kind: "ended" });
          return;
        }
        const kind = isLie(error) ? "lied" : isFree(want) && isRefusal(error) ? "ended" : "failed";
        pool.report(source.id, { kind, error });
        failed.push([source.id, error]);
        startNext();
      }
    };
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    else startNext();
  });
}

/** Whether a refusal is no failure, at first. */
export function isFree({ refusal = "failed" }: Pick<Want<unknown>, "refusal">): boolean {
  return refusal !== "failed";
}

/** Whether a source says that it has no answer: what one knows need not be known to another. */
export function isRefusal(error: unknown): boolean {
  return isCopseError(error) && (error.code.startsWith("host/") || error.code === "network/refused");
}

/** Whether a failure is the source's falsehood rather than its slowness. An answer that was cut may be its death. */
export function isLie(error: unknown): boolean {
  if (!isCopseError(error) || error.code === "network/message-cut") return false;
  const { fault } = error as { fault?: unknown };
  return fault === "lie" || fault === "garbage";
}
