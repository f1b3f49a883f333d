import type { GasTrace, TraceEntry } from "./trace.ts";
import { type TraceStep, walkTrace } from "./trace-walk.ts";

/** The first step in which two traces are not the same. A side is `undefined` where its trace has ended. */
export interface TraceDifference {
  /** Of the steps compared, from 0: so many are equal. */
  readonly at: number;
  readonly a: TraceStep | undefined;
  readonly b: TraceStep | undefined;
}

/** How traces are compared. */
export interface DiffOptions {
  /** Compares charges of nothing too. Default: no, since they change no result. */
  readonly zeros?: boolean | undefined;
}

/**
 * The first charge that differs between two traces, by its name and its amount, and where it is: `undefined` when they are
 * equal. Marks are compared when both traces have some; that of the reference has none.
 *
 * When host calls differ, look before: at what an earlier one answered. When they are the same, this charge is wrong.
 *
 * @example
 * diffTraces([{ kind: "charge", name: "OnSyscall", milligas: 1 }], [])?.at // => 0
 */
export function diffTraces(a: GasTrace, b: GasTrace, options: DiffOptions = {}): TraceDifference | undefined {
  const walk = { marks: hasMarks(a) && hasMarks(b), zeros: options.zeros ?? false, joinGrowth: true };
  const [stepsA, stepsB] = [walkTrace(a, walk), walkTrace(b, walk)];
  for (let at = 0; ; at++) {
    const [nextA, nextB] = [stepsA.next(), stepsB.next()];
    if (nextA.done && nextB.done) return undefined;
    if (nextA.done || nextB.done || !isSame(nextA.value.entry, nextB.value.entry)) {
      return { at, a: nextA.done ? undefined : nextA.value, b: nextB.done ? undefined : nextB.value };
    }
  }
}

const hasMarks = (trace: GasTrace): boolean => trace.some(({ kind }) => kind !== "charge");

function isSame(a: TraceEntry, b: TraceEntry): boolean {
  const [partsA, partsB] = [Object.entries(a), new Map<string, unknown>(Object.entries(b))];
  return partsA.length === partsB.size && partsA.every(([name, value]) => partsB.get(name) === value);
}
