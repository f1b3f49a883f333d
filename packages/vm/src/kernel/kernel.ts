import type { BlockRegistry } from "../block-registry.ts";
import type { Invocation } from "../call-manager/call.ts";
import type { CallManager } from "../call-manager/call-manager.ts";
import type { GasTracker } from "../gas/tracker.ts";
import type { MachineCore } from "../machine/core.ts";
import { SyscallError } from "../syscall-error.ts";

/**
 * One actor's run, as its syscalls see it. What it may ask for is in the files beside, one for each group.
 *
 * @see ref-fvm:fvm/src/kernel/default.rs
 */
export class Kernel {
  readonly core: MachineCore;
  readonly calls: CallManager;
  readonly gas: GasTracker;
  readonly blocks: BlockRegistry;
  readonly invocation: Invocation;
  /** The actor that runs. */
  readonly self: bigint;

  constructor(calls: CallManager, blocks: BlockRegistry, invocation: Invocation) {
    this.core = calls.core;
    this.calls = calls;
    this.gas = calls.gas;
    this.blocks = blocks;
    this.invocation = invocation;
    this.self = invocation.to;
  }

  /** @throws {SyscallError} `ReadOnly`; FVM 2 has no such calls */
  assertWritable(what: string): void {
    if (this.invocation.readOnly) throw new SyscallError("ReadOnly", `${what} while read-only`);
  }
}
