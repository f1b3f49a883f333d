import type { CidBytes } from "@copse/ipld";
import type { ActorState } from "@copse/state";
import type { Address } from "@copse/types";
import { actorIds } from "../addresses.ts";
import { FatalError, OutOfGas, SyscallError } from "../syscall-error.ts";
import type { Kernel } from "./kernel.ts";

/** CID of the actor's state. */
export function root(kernel: Kernel): CidBytes {
  if (kernel.core.rules.fvm === 4) kernel.gas.charge("OnActorGetRoot", kernel.core.prices.getRoot);
  const { head } = ownState(kernel);
  kernel.blocks.markReachable(head);
  return head;
}

/** Gives the actor another state: one that is reachable, since FVM 4. */
export function setRoot(kernel: Kernel, head: CidBytes): void {
  kernel.assertWritable("the root is set");
  if (kernel.core.rules.fvm === 4) {
    kernel.gas.charge("OnActorSetRoot", kernel.core.prices.setRoot);
    if (!kernel.blocks.isReachable(head)) throw new SyscallError("NotFound", "the new root is not reachable");
  }
  const actor = ownState(kernel);
  kernel.calls.actors.set(kernel.self, { ...actor, head });
}

function ownState(kernel: Kernel): ActorState {
  const actor = kernel.calls.actors.get(kernel.self);
  if (actor === undefined) throw new SyscallError("IllegalOperation", "the actor was deleted");
  return actor;
}

/** What the actor has, 0 once it is deleted. */
export function currentBalance(kernel: Kernel): bigint {
  if (kernel.core.rules.fvm !== 2) kernel.gas.charge("OnSelfBalance", 0);
  return kernel.calls.actors.get(kernel.self)?.balance ?? 0n;
}

/** Deletes the actor, which may be deleted already. FVM 2 and 3: what it has goes to `beneficiary`. */
export function selfDestructTo(kernel: Kernel, beneficiary: Address): void {
  kernel.assertWritable("the actor is deleted");
  kernel.gas.charge("OnDeleteActor", kernel.core.prices.deleteActor);
  const balance = currentBalance(kernel);
  const { actors } = kernel.calls;
  if (balance !== 0n) {
    if (kernel.core.rules.fvm === 3) kernel.gas.charge("OnResolveAddress", 0);
    const to = actors.resolve(beneficiary);
    if (to === undefined) throw new SyscallError("NotFound", "the beneficiary does not exist");
    if (to === kernel.self) throw new SyscallError("Forbidden", "the actor is its own beneficiary");
    actors.transfer(kernel.self, to, balance);
  }
  actors.delete(kernel.self);
}

/** Deletes the actor, which may be deleted already. FVM 4: what it has is burnt, or else it must have nothing. */
export function selfDestruct(kernel: Kernel, burnUnspent: boolean): void {
  kernel.assertWritable("the actor is deleted");
  kernel.gas.charge("OnDeleteActor", kernel.core.prices.deleteActor);
  const balance = currentBalance(kernel);
  const { actors } = kernel.calls;
  if (balance !== 0n) {
    if (!burnUnspent) throw new SyscallError("IllegalOperation", "the actor has unspent funds");
    orFatal(() => actors.transfer(kernel.self, actorIds.burntFunds, balance));
  }
  actors.delete(kernel.self);
}

/** What cannot fail in a sound state ends all when it does: running out of gas in it, too. */
function orFatal(step: () => void): void {
  try {
    step();
  } catch (error) {
    if (error instanceof SyscallError) throw new FatalError(error.reason);
    if (error instanceof OutOfGas) throw new FatalError("out of gas");
    throw error;
  }
}
