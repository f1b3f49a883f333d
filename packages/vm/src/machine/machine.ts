import type { CidBytes } from "@copse/ipld";
import type { Message } from "@copse/types";
import { VmError } from "../errors.ts";
import type { ApplyResult } from "../executor/apply-result.ts";
import { type ApplyOptions, executeMessage } from "../executor/execute-message.ts";
import { asFault } from "../host-limits.ts";
import type { MachineContext, MachineCore } from "./core.ts";
import type { Manifest } from "./manifest.ts";

/**
 * Executes messages one after another on the state of one moment of the chain.
 *
 * Made by `createMachine`. A machine that was stopped by a fault does nothing more: make another one.
 *
 * @see ref-fvm:fvm/src/machine/default.rs
 */
export class Machine {
  readonly #core: MachineCore;
  #isStopped = false;

  constructor(core: MachineCore) {
    this.#core = core;
  }

  /** When and where it executes. */
  get context(): MachineContext {
    return this.#core.context;
  }

  /** The actors that are built in. */
  get manifest(): Manifest {
    return this.#core.manifest;
  }

  /**
   * Executes a message: whatever becomes of it on chain is in the result.
   *
   * Cost: synchronous, and as deep on the stack as actors call each other: run machines on a thread with a stack of 256 MiB
   * or more. On less, deep calls are a fault.
   *
   * @throws {VmError} `vm/message-invalid` no block can hold it; `vm/settlement-failed`, `vm/machine-stopped`
   * @throws {HostFault} a block that is missing, a proof that nobody verifies, the end of stack or memory
   * @example
   * machine.execute(message, { kind: "explicit", rawLength: storedBytes(signed).length }).receipt.exitCode // => 0
   */
  execute(message: Message, options: ApplyOptions): ApplyResult {
    this.#assertRunning();
    try {
      return executeMessage(this.#core, message, options);
    } catch (error) {
      const isRefused = error instanceof VmError && error.code === "vm/message-invalid";
      this.#isStopped = !isRefused; // what was begun is not undone
      throw asFault(error);
    }
  }

  /**
   * Writes what was changed to the store, and nothing that is not reachable.
   *
   * @returns the root of the state
   * @throws {VmError} `vm/flush-refused`, `vm/machine-stopped`
   * @throws {HostFault}
   * @example
   * const stateRoot = toCid(machine.flush());
   */
  flush(): CidBytes {
    this.#assertRunning();
    const { tree, store, rules } = this.#core;
    const root = tree.flush();
    store.flush(root, rules.fvm);
    return root;
  }

  #assertRunning(): void {
    if (this.#isStopped) throw new VmError("vm/machine-stopped", {});
  }
}
