import {
  actorCode,
  balanceOf,
  builtinActorType,
  codeForType,
  createActor,
  createBuiltinActor,
  lookupDelegatedAddress,
  newActorAddress,
  nextActorAddress,
  resolveAddress,
} from "../kernel/actor.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { SyscallError } from "../syscall-error.ts";
import * as layout from "./layouts.ts";
import type { ActorMemory } from "./memory.ts";
import { everyFvm, type Syscall, since3, syscall } from "./syscall.ts";

/** Bytes of an f2 address. */
const actorAddressLength = 21;

/** Writes an f2 address that is made when there is room for it. */
function writeActorAddress(
  kernel: Kernel,
  memory: ActorMemory,
  make: (kernel: Kernel) => Uint8Array,
  at: number,
  length: number,
): number {
  const room = memory.slice(at, length);
  if (room.length < actorAddressLength) throw new SyscallError("BufferTooSmall", "an address has 21 B");
  room.set(make(kernel));
  return actorAddressLength;
}

/** Syscalls of module `actor`. @see ref-fvm:fvm/src/syscalls/actor.rs */
export const actorSyscalls: readonly Syscall[] = [
  syscall({
    module: "actor",
    name: "resolve_address",
    fvm: everyFvm,
    params: [
      ["addr_off", "i32"],
      ["addr_len", "i32"],
    ],
    returns: layout.u64,
    run: (kernel, memory, at, length) => resolveAddress(kernel, memory.readAddress(at, length)),
  }),
  syscall({
    module: "actor",
    name: "lookup_delegated_address",
    fvm: since3,
    params: [
      ["actor_id", "i64"],
      ["addr_off", "i32"],
      ["addr_max_len", "i32"],
    ],
    returns: layout.u32,
    run(kernel, memory, id, at, length) {
      const room = memory.slice(at, length);
      const address = lookupDelegatedAddress(kernel, BigInt.asUintN(64, id));
      if (address === null) return 0;
      if (room.length < address.length) throw new SyscallError("BufferTooSmall", `an address of ${address.length} B`);
      room.set(address);
      return address.length;
    },
  }),
  syscall({
    module: "actor",
    name: "get_actor_code_cid",
    fvm: everyFvm,
    params: [
      ["actor_id", "i64"],
      ["cid_off", "i32"],
      ["cid_max_len", "i32"],
    ],
    returns: layout.u32,
    run(kernel, memory, id, at, room) {
      memory.assertBounds(at, room);
      return memory.writeCid(actorCode(kernel, BigInt.asUintN(64, id)), at, room);
    },
  }),
  syscall({
    module: "actor",
    name: "get_builtin_actor_type",
    fvm: everyFvm,
    params: [["cid_off", "i32"]],
    returns: layout.i32,
    run: (kernel, memory, at) => builtinActorType(kernel, memory.readCid(at).cid),
  }),
  syscall({
    module: "actor",
    name: "get_code_cid_for_type",
    fvm: everyFvm,
    params: [
      ["type", "i32"],
      ["cid_off", "i32"],
      ["cid_max_len", "i32"],
    ],
    returns: layout.u32,
    run(kernel, memory, type, at, room) {
      memory.assertBounds(at, room);
      return memory.writeCid(codeForType(kernel, type >>> 0), at, room);
    },
  }),
  syscall({
    module: "actor",
    name: "balance_of",
    fvm: since3,
    params: [["actor_id", "i64"]],
    returns: layout.tokenAmount,
    run: (kernel, _, id) => layout.fitting(balanceOf(kernel, BigInt.asUintN(64, id))),
  }),
  syscall({
    module: "actor",
    name: "new_actor_address",
    fvm: [2],
    params: [
      ["addr_off", "i32"],
      ["addr_max_len", "i32"],
    ],
    returns: layout.u32,
    run: (kernel, memory, at, length) => writeActorAddress(kernel, memory, newActorAddress, at, length),
  }),
  syscall({
    module: "actor",
    name: "next_actor_address",
    fvm: since3,
    params: [
      ["addr_off", "i32"],
      ["addr_max_len", "i32"],
    ],
    returns: layout.u32,
    run: (kernel, memory, at, length) => writeActorAddress(kernel, memory, nextActorAddress, at, length),
  }),
  syscall({
    module: "actor",
    name: "create_actor",
    fvm: [2],
    params: [
      ["actor_id", "i64"],
      ["code_cid_off", "i32"],
    ],
    returns: layout.nothing,
    run: (kernel, memory, id, at) => createBuiltinActor(kernel, BigInt.asUintN(64, id), memory.readCid(at).cid),
  }),
  syscall({
    module: "actor",
    name: "create_actor",
    fvm: since3,
    params: [
      ["actor_id", "i64"],
      ["code_cid_off", "i32"],
      ["delegated_addr_off", "i32"],
      ["delegated_addr_len", "i32"],
    ],
    returns: layout.nothing,
    run(kernel, memory, id, codeAt, addressAt, addressLength) {
      const { cid } = memory.readCid(codeAt);
      const delegated = addressLength === 0 ? null : memory.readAddress(addressAt, addressLength);
      createActor(kernel, BigInt.asUintN(64, id), cid, delegated);
    },
  }),
];
