import type { CidBytes } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import type { ActorState } from "@copse/state";
import { Address } from "@copse/types";
import { actorIds } from "../addresses.ts";
import { actorAddress, newActor } from "../call-manager/new-actor.ts";
import { onCreateActor } from "../gas/prices.ts";
import { FatalError, SyscallError } from "../syscall-error.ts";
import type { Kernel } from "./kernel.ts";
import { keyAddressOf } from "./key-address.ts";

/** Charges that stand in traces alone; FVM 2 has none of them. */
function note(
  kernel: Kernel,
  name:
    | "OnResolveAddress"
    | "OnLookupAddress"
    | "OnBalanceOf"
    | "OnGetActorCodeCid"
    | "OnGetBuiltinActorType"
    | "OnGetCodeCidForType",
): void {
  if (kernel.core.rules.fvm !== 2) kernel.gas.charge(name, 0);
}

/** The ID behind an address. */
export function resolveAddress(kernel: Kernel, address: Address): bigint {
  note(kernel, "OnResolveAddress");
  const id = kernel.calls.actors.resolve(address);
  if (id === undefined) throw new SyscallError("NotFound", "the address has no actor");
  return id;
}

/** An actor's f4 address, if it has one. */
export function lookupDelegatedAddress(kernel: Kernel, id: bigint): Address | null {
  note(kernel, "OnLookupAddress");
  return existing(kernel, id).delegatedAddress;
}

/** Code of an actor. */
export function actorCode(kernel: Kernel, id: bigint): CidBytes {
  note(kernel, "OnGetActorCodeCid");
  return existing(kernel, id).code;
}

/** What an actor has. */
export function balanceOf(kernel: Kernel, id: bigint): bigint {
  note(kernel, "OnBalanceOf");
  return existing(kernel, id).balance;
}

function existing(kernel: Kernel, id: bigint): ActorState {
  const actor = kernel.calls.actors.get(id);
  if (actor === undefined) throw new SyscallError("NotFound", `f0${id} does not exist`);
  return actor;
}

/** Number of a code's type, 0 where it is not built in. */
export function builtinActorType(kernel: Kernel, code: CidBytes): number {
  note(kernel, "OnGetBuiltinActorType");
  return kernel.core.manifest.typeOf(code);
}

/** Code of a type's number. */
export function codeForType(kernel: Kernel, type: number): CidBytes {
  note(kernel, "OnGetCodeCidForType");
  const code = kernel.core.manifest.codeOf(type);
  if (code === undefined) throw new SyscallError("IllegalArgument", `type ${type} is not known`);
  return code;
}

/** The address of the actor that is made next. Since FVM 3. */
export function nextActorAddress({ calls }: Kernel): Address {
  return actorAddress(calls.origin.address, calls.origin.nonce, calls.actorsCreated);
}

/** An address for an actor that is to be made; the next is another one. FVM 2. */
export function newActorAddress({ core, calls }: Kernel): Address {
  let origin: Address;
  try {
    origin = keyAddressOf(core, calls.origin.address);
  } catch (error) {
    if (error instanceof SyscallError) throw new FatalError(`the origin has no key: ${error.reason}`);
    throw error;
  }
  return actorAddress(origin, calls.origin.nonce, calls.actorsCreated++);
}

/** Makes an actor of built-in code under an ID. FVM 2. */
export function createBuiltinActor({ core, calls, gas }: Kernel, id: bigint, code: CidBytes): void {
  if (core.manifest.typeOf(code) === 0) throw new SyscallError("Forbidden", "the code is not built in");
  if (core.manifest.isSingleton(code)) throw new SyscallError("Forbidden", "there is only one actor of this code");
  if (calls.actors.get(id) !== undefined) throw new SyscallError("Forbidden", `f0${id} exists`);
  gas.charge("OnCreateActor", onCreateActor(core.prices, false));
  calls.actors.set(id, newActor(code, null));
}

/** Makes an actor under an ID, or of a placeholder. For the init actor only. Since FVM 3. */
export function createActor(kernel: Kernel, id: bigint, code: CidBytes, delegated: Address | null): void {
  if (kernel.self !== actorIds.init) throw new SyscallError("Forbidden", "only the init actor makes actors");
  kernel.assertWritable("an actor is made");
  const { core, calls } = kernel;
  const placeholder = core.manifest.placeholder as CidBytes;
  if (equalBytes(code, placeholder)) throw new SyscallError("Forbidden", "placeholders are not made");
  const there = calls.actors.get(id);
  if (there === undefined) {
    kernel.gas.charge("OnCreateActor", onCreateActor(core.prices, false));
  } else {
    if (!equalBytes(there.code, placeholder)) throw new SyscallError("Forbidden", `f0${id} exists`);
    if (there.delegatedAddress === null) throw new FatalError(`placeholder f0${id} has no delegated address`);
    if (delegated === null || !Address.equals(there.delegatedAddress, delegated)) {
      throw new SyscallError("Forbidden", "the placeholder has another delegated address");
    }
  }
  calls.actors.set(id, there === undefined ? newActor(code, delegated) : { ...there, code });
  calls.actorsCreated++;
}
