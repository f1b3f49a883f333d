import type { FvmVersion } from "../fvm-version.ts";
import { actorSyscalls } from "./actor.ts";
import { cryptoSyscalls } from "./crypto.ts";
import { eventSyscalls } from "./event.ts";
import { filecoinSyscalls } from "./filecoin.ts";
import { gasSyscalls } from "./gas.ts";
import { ipldSyscalls } from "./ipld.ts";
import { networkSyscalls } from "./network.ts";
import { randSyscalls } from "./rand.ts";
import { selfSyscalls } from "./self.ts";
import { sendSyscalls } from "./send.ts";
import type { Syscall } from "./syscall.ts";
import { vmSyscalls } from "./vm.ts";

/**
 * Every syscall of every generation. What public networks have turned off is not here: `actor.install_actor` and
 * `actor.upgrade_actor`.
 *
 * @see ref-fvm:fvm/src/syscalls/mod.rs
 */
export const syscalls: readonly Syscall[] = [
  ...vmSyscalls,
  ...networkSyscalls,
  ...ipldSyscalls,
  ...selfSyscalls,
  ...actorSyscalls,
  ...sendSyscalls,
  ...cryptoSyscalls,
  ...filecoinSyscalls,
  ...randSyscalls,
  ...eventSyscalls,
  ...gasSyscalls,
];

const tables: { readonly [F in FvmVersion]: ReadonlyMap<string, Syscall> } = {
  2: tableOf(2),
  3: tableOf(3),
  4: tableOf(4),
};

function tableOf(fvm: FvmVersion): ReadonlyMap<string, Syscall> {
  return new Map(syscalls.filter((row) => row.fvm.includes(fvm)).map((row) => [`${row.module}.${row.name}`, row]));
}

/** The syscall a generation has under a name, or `undefined`. */
export function findSyscall(fvm: FvmVersion, module: string, name: string): Syscall | undefined {
  return tables[fvm].get(`${module}.${name}`);
}
