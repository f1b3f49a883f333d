import type { CidBytes } from "@copse/ipld";
import type { Address } from "@copse/types";
import type { Block } from "../block-registry.ts";

/** How a call ended, as far as its caller sees. */
export interface InvocationResult {
  readonly exitCode: number;
  readonly value: Block | undefined;
}

/** A send: of a message, or of an actor. */
export interface Call {
  readonly from: bigint;
  readonly to: Address;
  readonly method: bigint;
  readonly params: Block | undefined;
  /** Unit: attoFIL. */
  readonly value: bigint;
  /** Unit: gas; of the caller's when absent. */
  readonly gasLimit: bigint | undefined;
  readonly readOnly: boolean;
}

/** A call whose receiver is there and has code that runs. */
export interface Invocation {
  readonly from: bigint;
  readonly to: bigint;
  readonly code: CidBytes;
  readonly method: bigint;
  readonly params: Block | undefined;
  readonly value: bigint;
  readonly readOnly: boolean;
}

/** The result of what only moves value. */
export const nothing: InvocationResult = { exitCode: 0, value: undefined };
