/** A charge, as the reference names it. */
export interface GasCharge {
  readonly kind: "charge";
  readonly name: string;
  /** Unit: milligas. What is past 2^53 - 1 stands as that; FVM 2 may give gas back. */
  readonly milligas: number;
}

/** What happens between charges, so that a reader of a trace sees where one was made. */
export type TraceMark =
  /** A send began: the top one of a message too. `to` is the address as it was given. */
  | {
      readonly kind: "call";
      readonly from: bigint;
      readonly to: string;
      readonly method: bigint;
      readonly value: bigint;
    }
  /** A send ended with an exit code: also one that never ran an actor. */
  | { readonly kind: "return"; readonly exitCode: number }
  /** A send ended without one: by an error number's name, or what unwinds further: `OutOfGas`, `Fatal`. */
  | { readonly kind: "fail"; readonly error: string }
  /** An actor asked the host; before the charge for what it ran until then. `name` as `ipld.block_open`. */
  | { readonly kind: "syscall"; readonly name: string }
  /** The host answered with an error number, 0 when all went well. */
  | { readonly kind: "answer"; readonly errno: number };

/** One line of a trace. */
export type TraceEntry = GasCharge | TraceMark;

/** All charges of a message in order, with marks between them. @see ref-fvm:fvm/src/trace/mod.rs */
export type GasTrace = readonly TraceEntry[];
