export type { GasCharge, GasTrace, TraceEntry, TraceMark } from "./gas/trace.ts";
export { type DiffOptions, diffTraces, type TraceDifference } from "./gas/trace-diff.ts";
export { parseTrace, traceJson } from "./gas/trace-json.ts";
export { differenceLines, formatGas, traceLines } from "./gas/trace-text.ts";
