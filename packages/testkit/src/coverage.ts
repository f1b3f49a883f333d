import { type Profiler, Session } from "node:inspector";

/** Half-open pieces of a source text, ascending. */
type Intervals = readonly (readonly [start: number, end: number])[];

/**
 * Which blocks of the sources under test have run in this process, as V8 counts them. It answers one question: did what
 * ran since the last answer reach a place that nothing had reached before?
 *
 * Cost: about a millisecond an answer; the code itself runs somewhat slower from {@link Coverage.start} on.
 */
export class Coverage {
  readonly #session: Session = new Session();
  readonly #isSource: (url: string) => boolean;
  /** Per function: what of it has never run. */
  readonly #never: Map<string, Intervals> = new Map();

  private constructor(isSource: (url: string) => boolean) {
    this.#isSource = isSource;
    this.#session.connect();
    this.#post("Profiler.enable");
    this.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Begins to count, in scripts whose address `isSource` accepts. */
  static start(isSource: (url: string) => boolean): Coverage {
    return new Coverage(isSource);
  }

  /** Whether something ran for the first time since the last call; it is known from then on unless `peek`. */
  reachedNew(peek = false): boolean {
    const { result } = this.#post("Profiler.takePreciseCoverage") as Profiler.TakePreciseCoverageReturnType;
    let reached = false;
    for (const script of result) {
      if (!this.#isSource(script.url)) continue;
      for (const { ranges } of script.functions) {
        const whole = ranges[0];
        if (whole === undefined || whole.count === 0) continue;
        const id = `${script.url}:${whole.startOffset}:${whole.endOffset}`;
        const known = this.#never.get(id);
        const left = intersect(known ?? [[whole.startOffset, whole.endOffset]], notRun(ranges));
        if (known !== undefined && lengthOf(left) === lengthOf(known)) continue;
        reached = true;
        if (!peek) this.#never.set(id, left);
      }
    }
    return reached;
  }

  /** Stops counting. */
  stop(): void {
    this.#post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }

  #post(method: string, parameters?: object): unknown {
    let answer: unknown;
    this.#session.post(method, parameters, (error, result) => {
      if (error !== null) throw error;
      answer = result;
    });
    return answer;
  }
}

/** What of a function did not run: ranges nest, and the innermost one decides. */
function notRun(ranges: readonly Profiler.CoverageRange[]): Intervals {
  let left: [number, number][] = [];
  for (const { startOffset, endOffset, count } of ranges) {
    left = left.flatMap(([start, end]) =>
      [[start, Math.min(end, startOffset)] as [number, number], [Math.max(start, endOffset), end] as [number, number]]
        .filter(([from, to]) => from < to)
        .map((piece) => piece),
    );
    if (count === 0) left.push([startOffset, endOffset]);
  }
  return left.sort((a, b) => a[0] - b[0]);
}

function intersect(some: Intervals, others: Intervals): Intervals {
  return some.flatMap(([start, end]) =>
    others.map(([from, to]) => [Math.max(start, from), Math.min(end, to)] as const).filter(([from, to]) => from < to),
  );
}

function lengthOf(intervals: Intervals): number {
  return intervals.reduce((sum, [start, end]) => sum + end - start, 0);
}
