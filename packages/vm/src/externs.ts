import type { CidBytes } from "@copse/ipld";
import { CopseError } from "@copse/primitives";

/** What two block headers prove against their miner. */
export interface ConsensusFault {
  /** The miner's actor ID. */
  readonly target: bigint;
  /** Epoch of the later header. */
  readonly epoch: number;
  /** 1: two blocks of one height; 2: a parent left out; 3: two blocks on the same parents. */
  readonly type: 1 | 2 | 3;
}

/**
 * An extern's word that what was asked has no answer on this chain: a randomness epoch in the future, say. The actor gets
 * IllegalArgument; for a tipset's CID the message ends. Trouble of this machine is a `HostFault`, never this.
 *
 * @see ref-fvm:fvm/src/externs/mod.rs
 * @example
 * throw new ExternError("epoch 7 is above the head");
 */
export class ExternError extends CopseError<"vm/extern-refused", { readonly reason: string }> {
  override readonly name = "ExternError";

  constructor(reason: string, options?: ErrorOptions) {
    super("vm/extern-refused", `the chain has no answer: ${reason}`, { reason }, options);
  }
}

/**
 * What a machine asks of the node around it: the chain that leads to the tipset it executes.
 *
 * All look back from that tipset, also when the machine stands for a null round. Each throws {@link ExternError} where the
 * chain has no answer and `HostFault` where this node cannot tell.
 *
 * @see lotus:chain/vm/fvm.go, lotus:chain/rand/rand.go
 */
export interface Externs {
  /** Digest of the ticket at an epoch. Size: 32 B. */
  chainRandomness(epoch: number): Uint8Array;
  /** Digest of the beacon's value for an epoch. Size: 32 B. */
  beaconRandomness(epoch: number): Uint8Array;
  /** CID of the tipset at an epoch, or of the last before it. Asked since FVM 3. */
  tipsetCid(epoch: number): CidBytes;
  /** What two headers prove, or `undefined` for nothing; `extra` may be empty. */
  verifyConsensusFault(first: Uint8Array, second: Uint8Array, extra: Uint8Array): ConsensusFault | undefined;
}
