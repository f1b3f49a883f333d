import type { GasTrace, TraceEntry } from "./trace.ts";
import type { TraceDifference } from "./trace-diff.ts";
import { type TraceStep, walkTrace } from "./trace-walk.ts";

/**
 * Milligas as gas: `1234.5`.
 *
 * @example
 * formatGas(14_000_400) // => "14000.4"
 */
export function formatGas(milligas: number): string {
  const sign = milligas < 0 ? "-" : "";
  const size = Math.abs(milligas);
  const rest = size % 1000;
  const fraction = rest === 0 ? "" : `.${String(rest).padStart(3, "0").replace(/0+$/, "")}`;
  return `${sign}${(size - rest) / 1000}${fraction}`;
}

/**
 * A trace as lines of text: the number of a charge, its gas, the sum until then, its name; marks in between, and what
 * happens in a send further to the right. Unit: gas.
 *
 * @example
 * [...traceLines([{ kind: "charge", name: "OnSyscall", milligas: 14_000_000 }])]
 * // => ["     0           14000           14000  OnSyscall"]
 */
export function* traceLines(trace: GasTrace): Generator<string> {
  let charges = 0;
  for (const { entry, before, calls } of walkTrace(trace, { marks: true, zeros: true, joinGrowth: false })) {
    const depth = "  ".repeat(entry.kind === "call" ? calls.length - 1 : calls.length);
    if (entry.kind !== "charge") yield `${" ".repeat(38)}  ${depth}${markText(entry)}`;
    else {
      const sum = formatGas(before + entry.milligas);
      const numbers = `${String(charges++).padStart(6)}${formatGas(entry.milligas).padStart(16)}${sum.padStart(16)}`;
      yield `${numbers}  ${depth}${entry.name}`;
    }
  }
}

/** A difference as lines of text, for people. `names` say what the two traces are. */
export function differenceLines(difference: TraceDifference, names: readonly [string, string]): string[] {
  const { at, a, b } = difference;
  const lines = [`${at} steps are equal; the next is not:`];
  for (const [name, step] of [
    [names[0], a],
    [names[1], b],
  ] as const) {
    lines.push(`  ${name}: ${step === undefined ? "the trace ends" : stepText(step)}`);
  }
  if (a?.entry.kind === "charge" && b?.entry.kind === "charge" && a.entry.name === b.entry.name) {
    lines.push(`  differ by ${formatGas(a.entry.milligas - b.entry.milligas)} gas`);
  }
  return lines;
}

function stepText({ entry, index, before, calls, syscall }: TraceStep): string {
  const what = entry.kind === "charge" ? `${entry.name} of ${formatGas(entry.milligas)} gas` : markText(entry);
  const where = [`entry ${index}, after ${formatGas(before)} gas`];
  if (syscall !== undefined) where.push(`host call ${syscall.index}, ${syscall.name}`);
  const call = calls.at(-1);
  if (call !== undefined) where.push(`in method ${call.method} of ${call.to}, ${calls.length} deep`);
  return `${what} (${where.join("; ")})`;
}

function markText(mark: Exclude<TraceEntry, { kind: "charge" }>): string {
  switch (mark.kind) {
    case "call":
      return `call f0${mark.from} -> ${mark.to}, method ${mark.method}, value ${mark.value}`;
    case "return":
      return `exit ${mark.exitCode}`;
    case "fail":
      return `no exit: ${mark.error}`;
    case "syscall":
      return mark.name;
    case "answer":
      return mark.errno === 0 ? "ok" : `error ${mark.errno}`;
  }
}
