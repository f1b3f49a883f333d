import { networkContext, tipsetCid } from "../kernel/context.ts";
import * as layout from "./layouts.ts";
import { everyFvm, type Syscall, since3, syscall } from "./syscall.ts";

/** Syscalls of module `network`. @see ref-fvm:fvm/src/syscalls/network.rs */
export const networkSyscalls: readonly Syscall[] = [
  syscall({
    module: "network",
    name: "base_fee",
    fvm: [2],
    params: [],
    returns: layout.tokenAmount,
    run: ({ core }) => layout.fitting(core.context.baseFee),
  }),
  syscall({
    module: "network",
    name: "context",
    fvm: since3,
    params: [],
    returns: layout.networkContext,
    run(kernel) {
      const context = networkContext(kernel);
      layout.fitting(context.baseFee);
      return context;
    },
  }),
  syscall({
    module: "network",
    name: "total_fil_circ_supply",
    fvm: everyFvm,
    params: [],
    returns: layout.tokenAmount,
    run: ({ core }) => layout.fitting(core.context.circSupply),
  }),
  syscall({
    module: "network",
    name: "tipset_cid",
    fvm: since3,
    params: [
      ["epoch", "i64"],
      ["cid_off", "i32"],
      ["cid_max_len", "i32"],
    ],
    returns: layout.u32,
    run(kernel, memory, epoch, at, room) {
      memory.assertBounds(at, room);
      return memory.writeCid(tipsetCid(kernel, epoch), at, room);
    },
  }),
];
