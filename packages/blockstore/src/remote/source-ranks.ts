import type { RemoteClock } from "./clock.ts";
import { RemoteError, type SourceFault } from "./errors.ts";

/** What is known of a source. */
export interface SourceStanding {
  readonly name: string;
  /** How useful its answers were, the newest weighing most: a block is 1, an absence a half, a failure 0. 1 at first. */
  readonly score: number;
  /** Mean time to a good answer, the newest weighing most. */
  readonly latencyMs: number;
  readonly blocks: number;
  readonly bytes: number;
  readonly absences: number;
  /** Failures by what they say about it. */
  readonly faults: Readonly<Partial<Record<SourceFault, number>>>;
  /** When it may be asked again, by the clock: it said that it is busy. */
  readonly restsUntil: number;
  /** Until when it comes after all others, by the clock: it lied. */
  readonly barredUntil: number;
}

/** How much the newest answer weighs. */
const weight = 0.2;
/** How long a source that gave no time is left alone when it says that it is busy. */
const busyMs = 5_000;

/** One source and its record. */
export class RankedSource<Source> {
  readonly source: Source;
  readonly standing: { -readonly [Name in keyof SourceStanding]: SourceStanding[Name] };
  readonly #faults: Partial<Record<SourceFault, number>> = {};

  constructor(source: Source, name: string) {
    this.source = source;
    this.standing = {
      name,
      score: 1,
      latencyMs: 0,
      blocks: 0,
      bytes: 0,
      absences: 0,
      faults: this.#faults,
      restsUntil: Number.NEGATIVE_INFINITY,
      barredUntil: Number.NEGATIVE_INFINITY,
    };
  }

  answered(bytes: number | undefined, tookMs: number): void {
    const { standing } = this;
    standing.latencyMs = this.#answers === 0 ? tookMs : standing.latencyMs * (1 - weight) + tookMs * weight;
    standing.score += ((bytes === undefined ? 0.5 : 1) - standing.score) * weight;
    if (bytes === undefined) standing.absences++;
    else {
      standing.blocks++;
      standing.bytes += bytes;
    }
  }

  failed(error: RemoteError, now: number, barMs: number): void {
    const { standing } = this;
    const fault = error.fault ?? "gone";
    this.#faults[fault] = (this.#faults[fault] ?? 0) + 1;
    standing.score *= fault === "lie" ? 0 : 1 - weight;
    if (fault === "lie") standing.barredUntil = now + barMs;
    if (fault !== "busy") return;
    const { waitMs } = error.facts as { waitMs?: number };
    standing.restsUntil = Math.max(standing.restsUntil, now + Math.min(waitMs ?? busyMs, barMs));
  }

  /** Why it is not asked now; `undefined` where it may be. */
  resting(cid: string, now: number): RemoteError | undefined {
    const waitMs = this.standing.restsUntil - now;
    if (waitMs <= 0) return undefined;
    return new RemoteError("remote/source-busy", { source: this.standing.name, cid, status: 0, waitMs });
  }

  get #answers(): number {
    return this.standing.blocks + this.standing.absences;
  }
}

/** Sources in the order to ask them: those that rest, then those that lied, last; else by score, then by latency. */
export function ranked<Source>(sources: readonly RankedSource<Source>[], clock: RemoteClock): RankedSource<Source>[] {
  const now = clock.now();
  const left = (until: number): number => Math.max(0, until - now);
  return sources.toSorted(
    ({ standing: a }, { standing: b }) =>
      left(a.restsUntil) - left(b.restsUntil) ||
      left(a.barredUntil) - left(b.barredUntil) ||
      Math.round((b.score - a.score) * 20) ||
      a.latencyMs - b.latencyMs,
  );
}
