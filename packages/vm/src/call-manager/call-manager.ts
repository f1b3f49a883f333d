import type { CidBytes } from "@copse/ipld";
import type { ActorState } from "@copse/state";
import { Address } from "@copse/types";
import { actorIds, isEthereumAddress, isKeyAddress, isZeroBlsAddress } from "../addresses.ts";
import { blockCodecs } from "../cids.ts";
import { EventsAccumulator } from "../events.ts";
import { exitCodes } from "../exit-codes.ts";
import { onChainReturnValue, onCreateActor, onMethodInvocation, onReturnValue } from "../gas/prices.ts";
import { GasTracker } from "../gas/tracker.ts";
import { needStackRoom } from "../host-limits.ts";
import type { MachineCore } from "../machine/core.ts";
import { StateAccessTracker } from "../state-access.ts";
import { FatalError, OutOfGas, SyscallError } from "../syscall-error.ts";
import { ActorAccess } from "./actor-access.ts";
import { Backtrace } from "./backtrace.ts";
import { type Call, type Invocation, type InvocationResult, nothing } from "./call.ts";
import { MemoryLimiter } from "./memory-limiter.ts";
import { addressParams, newActor } from "./new-actor.ts";

const constructorMethod = 1n;

/** The message a stack of calls belongs to, as far as calls see it. */
export interface CallOrigin {
  readonly id: bigint;
  /** As the message names its sender. */
  readonly address: Address;
  readonly nonce: bigint;
  /** What the miner gets at most for a unit of gas, base fee considered. */
  readonly effectivePremium: bigint;
  /** Unit: gas. */
  readonly gasLimit: bigint;
  /** Of the receiver, where it is known before anything runs. */
  readonly receiver: bigint | undefined;
  readonly receiverAddress: Address;
}

/**
 * Runs the code of an actor. Given to the manager, which by itself knows no code.
 *
 * @throws {OutOfGas} {FatalError}
 */
export type RunActor = (calls: CallManager, invocation: Invocation) => InvocationResult;

/**
 * The calls of one message: gas, transactions, depth, events, actors that are made.
 *
 * @see ref-fvm:fvm/src/call_manager/default.rs
 */
export class CallManager {
  readonly core: MachineCore;
  readonly origin: CallOrigin;
  readonly gas: GasTracker;
  readonly actors: ActorAccess;
  readonly memory: MemoryLimiter;
  readonly events: EventsAccumulator = new EventsAccumulator();
  readonly backtrace: Backtrace = new Backtrace();
  /** What actors said, where they may. */
  readonly logs: string[] = [];
  /** Actors made so far, also in calls that were reverted: the next one's address depends on it. */
  actorsCreated = 0n;
  readonly #tracker: StateAccessTracker;
  readonly #run: RunActor;
  #depth = 0;

  constructor(core: MachineCore, origin: CallOrigin, run: RunActor) {
    this.core = core;
    this.origin = origin;
    this.#run = run;
    this.gas = new GasTracker(origin.gasLimit, { trace: core.trace, fvm: core.rules.fvm });
    this.memory = new MemoryLimiter(core.rules);
    this.#tracker = new StateAccessTracker(core.prices, this.gas);
    this.#tracker.seed(origin.id, origin.address, origin.receiver, origin.receiverAddress);
    this.actors = new ActorAccess(core, this.#tracker);
  }

  /** Runs `body` in a transaction: what it changes is taken back when it throws, or ends with an exit code. */
  transaction(body: () => InvocationResult): InvocationResult {
    const { tree } = this.core;
    tree.beginTransaction();
    this.events.beginTransaction();
    this.#tracker.beginTransaction();
    let revert = true;
    try {
      const result = body();
      revert = result.exitCode !== exitCodes.OK;
      return result;
    } finally {
      tree.endTransaction(revert);
      this.events.endTransaction(revert);
      this.#tracker.endTransaction(revert);
    }
  }

  /**
   * Sends within the transaction that is open. Running out of a limit of its own ends a call with SYS_OUT_OF_GAS.
   *
   * @throws {SyscallError} the call could not begin: depth, receiver, funds
   * @throws {OutOfGas} {FatalError}
   */
  call(call: Call): InvocationResult {
    const { gas } = this;
    const { fvm, openCalls } = this.core.rules;
    const trace = gas.trace;
    trace?.push({
      kind: "call",
      from: call.from,
      to: Address.format(call.to),
      method: call.method,
      value: call.value,
    });
    needStackRoom(); // so that what ends for lack of it ends here, and not in the middle of a change
    const isLimited = call.gasLimit !== undefined;
    if (call.gasLimit !== undefined) gas.pushLimit(call.gasLimit);
    if (this.#depth >= openCalls) {
      // FVM 3 leaves the limit in force: the rest of the message has no more
      if (isLimited && fvm !== 3) gas.popLimit();
      throw new SyscallError("LimitExceeded", "message execution exceeds call depth");
    }
    let result: InvocationResult;
    try {
      result = this.#callInFrame(call);
      if (isLimited) gas.popLimit();
    } catch (error) {
      if (!(error instanceof OutOfGas || error instanceof SyscallError || error instanceof FatalError)) throw error;
      if (isLimited) gas.popLimit();
      if (!(error instanceof OutOfGas) || fvm === 2 || gas.isExhausted) throw error;
      result = { exitCode: exitCodes.SYS_OUT_OF_GAS, value: undefined };
    }
    trace?.push({ kind: "return", exitCode: result.exitCode });
    return result;
  }

  #callInFrame(call: Call): InvocationResult {
    const memoryBefore = this.memory.used;
    this.#depth++;
    try {
      const to = this.actors.resolve(call.to) ?? this.#createReceiver(call);
      return this.callResolved({ ...call, to });
    } finally {
      this.#depth--;
      this.memory.used = memoryBefore;
    }
  }

  #createReceiver(call: Call): bigint {
    const { to } = call;
    const isKey = isKeyAddress(to);
    if (!isKey && (this.core.rules.fvm === 2 || !isEthereumAddress(to))) {
      throw new SyscallError("NotFound", `${Address.format(to)} does not exist and cannot be created`);
    }
    if (call.readOnly) throw new SyscallError("ReadOnly", `${Address.format(to)} cannot be created when read-only`);
    if (isKey) return this.#createAccount(to);
    this.#chargeCreation();
    return this.#assign(to, newActor(this.core.manifest.placeholder as CidBytes, to));
  }

  /** Makes an account and runs its constructor, whose exit code nobody asks for. */
  #createAccount(address: Address): bigint {
    const { fvm } = this.core.rules;
    if (fvm === 2) this.#chargeCreation();
    if (isZeroBlsAddress(address)) throw new SyscallError("IllegalArgument", "the zero BLS address has no account");
    if (fvm !== 2) this.#chargeCreation();
    const id = this.#assign(address, newActor(this.core.manifest.account, null));
    const params = {
      codec: fvm === 2 ? blockCodecs.dagCbor : blockCodecs.cbor,
      data: addressParams(address),
      links: [],
    };
    this.callResolved({ from: actorIds.system, to: id, method: constructorMethod, params, value: 0n, readOnly: false });
    return id;
  }

  #chargeCreation(): void {
    this.gas.charge("OnCreateActor", onCreateActor(this.core.prices, true));
  }

  /** Puts an actor under the next ID, and an address on it. */
  #assign(address: Address, actor: ActorState): bigint {
    const id = this.core.tree.registerNewAddress(address);
    this.actors.knows(address);
    this.actors.set(id, actor);
    return id;
  }

  /**
   * Calls an actor by its ID, in the frame and the transaction that are open.
   *
   * @throws {SyscallError} {OutOfGas} {FatalError}
   */
  callResolved(call: Omit<Call, "to" | "gasLimit"> & { readonly to: bigint }): InvocationResult {
    const { gas, core } = this;
    const { from, to, method, params, value } = call;
    const actor = this.actors.get(to);
    if (actor === undefined) throw new SyscallError("NotFound", `f0${to} does not exist`);
    const isSend = method === 0n;
    if (core.rules.fvm === 2) {
      gas.charge("OnMethodInvocation", onMethodInvocation(core.prices, value !== 0n, isSend, 0));
      if (value !== 0n) this.actors.transfer(from, to, value);
      if (isSend) return nothing;
    } else {
      if (value !== 0n) {
        gas.charge("OnValueTransfer", core.prices.valueTransfer);
        this.actors.transfer(from, to, value);
      }
      if (isSend) return nothing;
      const paramLinks = params?.links.length ?? 0;
      gas.charge("OnMethodInvocation", onMethodInvocation(core.prices, value !== 0n, isSend, paramLinks));
    }
    const invocation = { from, to, code: actor.code, method, params, value, readOnly: call.readOnly };
    const result = this.#run(this, invocation);
    this.#chargeReturn(result);
    return result;
  }

  /** FVM 2 charges in the executor, and for less. */
  #chargeReturn({ value }: InvocationResult): void {
    const { fvm } = this.core.rules;
    if (value === undefined || fvm === 2) return;
    const { prices } = this.core;
    if (this.#depth === 1) this.gas.charge("OnChainReturnValue", onChainReturnValue(prices, value.data.length));
    else if (fvm === 4) this.gas.charge("OnReturnValue", onReturnValue(prices, value.links.length));
  }
}
