import type { Mismatch } from "./result.ts";
import type { VectorResult } from "./run-vector.ts";

/** What a thread that runs vectors is started with. */
export interface VectorThreadData {
  /** Folder of bundles. */
  readonly actors: string;
  /** Folder where prepared modules are kept. Default: nowhere. */
  readonly modules?: string | undefined;
}

/** A vector to be run. */
export interface VectorTask {
  readonly path: string;
  readonly trace: boolean;
  /** Runs it even where it asks to be skipped. */
  readonly force: boolean;
}

/** What came of a vector's file. */
export interface VectorReport {
  readonly path: string;
  /** Absent where the file is no vector. */
  readonly id: string | undefined;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it was skipped, or could not be run to its end. */
  readonly reason: string | undefined;
  /** The code behind that reason, where there is one. */
  readonly code: string | undefined;
  readonly networkVersion: number | undefined;
  readonly mismatches: readonly Mismatch[];
}

/** A thread's answer to a task. */
export interface VectorAnswer {
  readonly report: VectorReport;
  /** Given for a task that wants the trace. */
  readonly result: VectorResult | undefined;
}
