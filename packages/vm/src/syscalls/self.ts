import { currentBalance, root, selfDestruct, selfDestructTo, setRoot } from "../kernel/self.ts";
import * as layout from "./layouts.ts";
import { everyFvm, type Syscall, syscall } from "./syscall.ts";

/** Syscalls of module `self`. @see ref-fvm:fvm/src/syscalls/sself.rs */
export const selfSyscalls: readonly Syscall[] = [
  syscall({
    module: "self",
    name: "root",
    fvm: everyFvm,
    params: [
      ["cid_off", "i32"],
      ["cid_max_len", "i32"],
    ],
    returns: layout.u32,
    run(kernel, memory, at, room) {
      memory.assertBounds(at, room);
      return memory.writeCid(root(kernel), at, room);
    },
  }),
  syscall({
    module: "self",
    name: "set_root",
    fvm: everyFvm,
    params: [["cid_off", "i32"]],
    returns: layout.nothing,
    run: (kernel, memory, at) => setRoot(kernel, memory.readCid(at).cid),
  }),
  syscall({
    module: "self",
    name: "current_balance",
    fvm: everyFvm,
    params: [],
    returns: layout.tokenAmount,
    run: (kernel) => layout.fitting(currentBalance(kernel)),
  }),
  syscall({
    module: "self",
    name: "self_destruct",
    fvm: [2, 3],
    params: [
      ["beneficiary_off", "i32"],
      ["beneficiary_len", "i32"],
    ],
    returns: layout.nothing,
    run: (kernel, memory, at, length) => selfDestructTo(kernel, memory.readAddress(at, length)),
  }),
  syscall({
    module: "self",
    name: "self_destruct",
    fvm: [4],
    params: [["burn_unspent_funds", "i32"]],
    returns: layout.nothing,
    run: (kernel, _, burn) => selfDestruct(kernel, burn !== 0),
  }),
];
