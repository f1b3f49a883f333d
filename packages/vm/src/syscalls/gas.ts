import { needStackRoom } from "../host-limits.ts";
import { SyscallError } from "../syscall-error.ts";
import * as layout from "./layouts.ts";
import type { ActorMemory } from "./memory.ts";
import { everyFvm, type Syscall, since3, syscall } from "./syscall.ts";

const utf8: TextDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @throws {SyscallError} `IllegalArgument` */
function textAt(memory: ActorMemory, at: number, length: number): string {
  const bytes = memory.slice(at, length);
  needStackRoom();
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw new SyscallError("IllegalArgument", "the text is no UTF-8");
    throw error;
  }
}

/** Syscalls of modules `gas` and `debug`. @see ref-fvm:fvm/src/syscalls/gas.rs, debug.rs */
export const gasSyscalls: readonly Syscall[] = [
  syscall({
    module: "gas",
    name: "charge",
    fvm: everyFvm,
    params: [
      ["name_off", "i32"],
      ["name_len", "i32"],
      ["amount", "i64"],
    ],
    returns: layout.nothing,
    run({ core, gas }, memory, at, length, amount) {
      const name = textAt(memory, at, length);
      // FVM 2 counts with a sign, and takes what is given back
      gas.chargeLarge(name, (core.rules.fvm === 2 ? amount : BigInt.asUintN(64, amount)) * 1000n);
    },
  }),
  syscall({
    module: "gas",
    name: "available",
    fvm: since3,
    params: [],
    returns: layout.u64,
    run: ({ gas }) => gas.availableGas(),
  }),
  syscall({
    module: "debug",
    name: "enabled",
    fvm: everyFvm,
    params: [],
    returns: layout.i32,
    run: ({ core }) => (core.context.actorDebugging ? 0 : -1),
  }),
  syscall({
    module: "debug",
    name: "log",
    fvm: everyFvm,
    params: [
      ["message_off", "i32"],
      ["message_len", "i32"],
    ],
    returns: layout.nothing,
    run({ calls, core }, memory, at, length) {
      if (core.context.actorDebugging) calls.logs.push(textAt(memory, at, length));
    },
  }),
  syscall({
    module: "debug",
    name: "store_artifact",
    fvm: everyFvm,
    params: [
      ["name_off", "i32"],
      ["name_len", "i32"],
      ["data_off", "i32"],
      ["data_len", "i32"],
    ],
    returns: layout.nothing,
    run({ core }, memory, nameAt, nameLength, dataAt, dataLength) {
      if (!core.context.actorDebugging) return;
      memory.slice(dataAt, dataLength);
      assertArtifactName(textAt(memory, nameAt, nameLength)); // where it would be kept is no machine's to know
    },
  }),
];

/** @throws {SyscallError} `IllegalArgument` */
function assertArtifactName(name: string): void {
  const isLong = new TextEncoder().encode(name).length > 256;
  if (isLong || name.includes("/") || name === "" || name.startsWith(".")) {
    throw new SyscallError("IllegalArgument", `no artifact may be called ${name}`);
  }
}
