/** An actor that ended with an exit code other than 0. */
export interface BacktraceFrame {
  /** The actor's ID. */
  readonly source: bigint;
  readonly method: bigint;
  readonly exitCode: number;
  /** What it said, or why the machine ended it. */
  readonly message: string;
}

/** What an actor last asked for before it failed, or why the machine ended all. */
export type BacktraceCause =
  | {
      readonly kind: "syscall";
      readonly module: string;
      readonly name: string;
      readonly error: string;
      readonly reason: string;
    }
  | { readonly kind: "fatal"; readonly reason: string };

/** How a message failed: for people, not for the chain. */
export interface Failure {
  /** From the innermost actor outwards. */
  readonly frames: readonly BacktraceFrame[];
  readonly cause: BacktraceCause | undefined;
}

/** Collects what failed on the way out of calls. @see ref-fvm:fvm/src/call_manager/backtrace.rs */
export class Backtrace {
  #frames: BacktraceFrame[] = [];
  #cause: BacktraceCause | undefined;

  /** Starts anew with a cause. */
  begin(cause: BacktraceCause): void {
    this.#cause = cause;
    this.#frames = [];
  }

  /** Sets the cause, and keeps the frames. */
  setCause(cause: BacktraceCause): void {
    this.#cause = cause;
  }

  push(frame: BacktraceFrame): void {
    this.#frames.push(frame);
  }

  /** What it holds, or `undefined` for nothing. */
  get failure(): Failure | undefined {
    if (this.#cause === undefined && this.#frames.length === 0) return undefined;
    return { frames: this.#frames, cause: this.#cause };
  }
}
