import type { GasCharge, GasTrace, TraceEntry, TraceMark } from "./trace.ts";

/** An entry of a trace with where it stands. */
export interface TraceStep {
  readonly entry: TraceEntry;
  /** In its trace. */
  readonly index: number;
  /** Charged before it. Unit: milligas. */
  readonly before: number;
  /** Sends that are open, the top one first. Empty where a trace has no marks. */
  readonly calls: readonly Extract<TraceMark, { kind: "call" }>[];
  /** The host call it belongs to, or that came last in the same send, and how many there were before it. */
  readonly syscall: { readonly name: string; readonly index: number } | undefined;
}

/** What parts of a trace are walked. */
export interface WalkOptions {
  /** Marks too. */
  readonly marks: boolean;
  /** Charges of nothing too. */
  readonly zeros: boolean;
  /**
   * The growth of memory, which the reference charges apart from the instructions before it, as one step with them: some
   * machines tell the two apart and some do not.
   */
  readonly joinGrowth: boolean;
}

/** What is open in a trace: a send, with what there was outside of it, or a host call. */
type Frame =
  | { readonly kind: "call"; readonly calls: TraceStep["calls"]; readonly syscall: TraceStep["syscall"] }
  | { readonly kind: "syscall" };

/** The steps of a trace. */
export function* walkTrace(trace: GasTrace, options: WalkOptions): Generator<TraceStep> {
  let before = 0;
  let syscalls = 0;
  let calls: TraceStep["calls"] = [];
  let syscall: TraceStep["syscall"];
  const frames: Frame[] = [];
  const close = (kind: Frame["kind"]): void => {
    // with what was left open in it: what unwinds does not say so at every step
    if (!frames.some((frame) => frame.kind === kind)) return;
    for (let frame = frames.pop(); frame !== undefined; frame = frames.pop()) {
      if (frame.kind === "call") ({ calls, syscall } = frame);
      if (frame.kind === kind) return;
    }
  };
  for (let index = 0; index < trace.length; index++) {
    let entry = trace[index] as TraceEntry;
    if (entry.kind === "syscall") {
      frames.push({ kind: "syscall" });
      syscall = { name: entry.name, index: syscalls++ };
    } else if (entry.kind === "call") {
      frames.push({ kind: "call", calls, syscall });
      syscall = undefined;
      calls = [...calls, entry];
    } else if (entry.kind === "answer") close("syscall");
    const start = index;
    if (options.joinGrowth && entry.kind === "charge" && isExecution(entry.name)) {
      const whole = withGrowth(trace, index);
      entry = whole.charge;
      index = whole.last;
    }
    const isWalked = entry.kind === "charge" ? options.zeros || entry.milligas !== 0 : options.marks;
    if (isWalked) yield { entry, index: start, before, calls, syscall };
    if (entry.kind === "charge") before += entry.milligas;
    else if (entry.kind === "return" || entry.kind === "fail") close("call");
  }
}

const isExecution = (name: string): boolean => name === "wasm_exec" || name === "wasm_memory_grow";

/** What ran until a host call, in as many charges as it takes. */
function withGrowth(trace: GasTrace, from: number): { readonly charge: GasCharge; readonly last: number } {
  let milligas = 0;
  let last = from;
  for (let index = from; index < trace.length; index++) {
    const entry = trace[index] as TraceEntry;
    if (entry.kind !== "charge" || !isExecution(entry.name)) break;
    // the instructions of the next host call begin a charge of their own
    if (index > from && entry.name === "wasm_exec") break;
    milligas += entry.milligas;
    last = index;
  }
  return { charge: { kind: "charge", name: "wasm_exec", milligas }, last };
}
