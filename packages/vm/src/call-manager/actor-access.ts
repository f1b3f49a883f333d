import type { ActorState } from "@copse/state";
import type { Address } from "@copse/types";
import { idOfAddress } from "../addresses.ts";
import type { MachineCore } from "../machine/core.ts";
import type { StateAccessTracker } from "../state-access.ts";
import { SyscallError } from "../syscall-error.ts";

/**
 * Reads and writes actors for a message, and charges for what it does first.
 *
 * @see ref-fvm:fvm/src/call_manager/default.rs get_actor, set_actor, transfer
 */
export class ActorAccess {
  readonly #core: MachineCore;
  readonly #tracker: StateAccessTracker;

  constructor(core: MachineCore, tracker: StateAccessTracker) {
    this.#core = core;
    this.#tracker = tracker;
  }

  /** The ID behind an address, or `undefined`. That of an ID address is not looked for. */
  resolve(address: Address): bigint | undefined {
    const known = idOfAddress(address);
    if (known !== undefined) return known;
    this.#tracker.resolve(address);
    const id = this.#core.tree.lookupId(address);
    if (id !== undefined) this.#tracker.recordResolved(address);
    return id;
  }

  /** Takes an address for resolved: one that was just assigned. */
  knows(address: Address): void {
    this.#tracker.recordResolved(address);
  }

  /** The actor of an ID, or `undefined`. @throws {OutOfGas} */
  get(id: bigint): ActorState | undefined {
    this.#tracker.read(id);
    return this.#core.tree.getActor(id);
  }

  /** Puts an actor under an ID. @throws {OutOfGas} */
  set(id: bigint, actor: ActorState): void {
    this.#tracker.update(id);
    this.#core.tree.setActor(id, actor);
  }

  /** Takes an actor away, if it is there. @throws {OutOfGas} */
  delete(id: bigint): void {
    this.#tracker.update(id);
    this.#core.tree.deleteActor(id);
  }

  /**
   * Moves value between actors. To oneself nothing moves, but one must have it.
   *
   * @throws {SyscallError} `IllegalArgument` of less than nothing, `InsufficientFunds`, `NotFound` of the receiver
   * @throws {OutOfGas}
   */
  transfer(from: bigint, to: bigint, value: bigint): void {
    if (value < 0n) throw new SyscallError("IllegalArgument", `transfer of ${value}`);
    const sender = this.get(from);
    if (sender === undefined || sender.balance < value) {
      throw new SyscallError("InsufficientFunds", `f0${from} has ${sender?.balance ?? 0n}, not ${value}`);
    }
    if (from === to) return;
    const receiver = this.get(to);
    if (receiver === undefined) throw new SyscallError("NotFound", `transfer to f0${to}, which does not exist`);
    this.set(from, { ...sender, balance: sender.balance - value });
    this.set(to, { ...receiver, balance: receiver.balance + value });
  }
}
