import { VmError } from "../errors.ts";
import type { GasCharge, GasTrace } from "./trace.ts";

/**
 * Reads a trace as the reference's conformance runner writes it with `TRACE_DIR` set: one JSON object a line, of which
 * `name`, `compute_gas` and `other_gas` count, in milligas. It has charges only.
 *
 * @throws {VmError} `vm/trace-malformed`
 * @see ref-fvm:testing/conformance/src/tracing.rs
 * @example
 * parseTrace('{"name":"OnSyscall","compute_gas":14000000,"other_gas":0,"elapsed_nanos":null}')
 * // => [{ kind: "charge", name: "OnSyscall", milligas: 14_000_000 }]
 */
export function parseTrace(text: string): GasCharge[] {
  const charges: GasCharge[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const value = parseLine(line, index + 1);
    // what a saturated charge names has no exact number: it is as much as charges of ours hold
    const milligas = Math.min(value.compute_gas + value.other_gas, Number.MAX_SAFE_INTEGER);
    charges.push({ kind: "charge", name: value.name, milligas });
  }
  return charges;
}

type Line = { readonly name: string; readonly compute_gas: number; readonly other_gas: number };

function parseLine(text: string, line: number): Line {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new VmError("vm/trace-malformed", { line, why: "it is not JSON" }, { cause: error });
  }
  if (isLine(value)) return value;
  throw new VmError("vm/trace-malformed", { line, why: "name, compute_gas and other_gas are wanted" });
}

function isLine(value: unknown): value is Line {
  if (typeof value !== "object" || value === null) return false;
  const { name, compute_gas, other_gas } = value as { [key: string]: unknown };
  return typeof name === "string" && isAmount(compute_gas) && isAmount(other_gas);
}

const isAmount = (value: unknown): boolean =>
  typeof value === "number" && (Number.isSafeInteger(value) || value > Number.MAX_SAFE_INTEGER);

/** The charges of a trace in the same form; all gas counts as `compute_gas`. */
export function* traceJson(trace: GasTrace): Generator<string> {
  for (const entry of trace) {
    if (entry.kind !== "charge") continue;
    yield JSON.stringify({ name: entry.name, compute_gas: entry.milligas, other_gas: 0 });
  }
}
