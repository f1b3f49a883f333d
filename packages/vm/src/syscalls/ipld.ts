import { blockCreate, blockLink, blockOpen, blockRead, blockStat } from "../kernel/ipld.ts";
import * as layout from "./layouts.ts";
import { everyFvm, type Syscall, syscall } from "./syscall.ts";

/** Syscalls of module `ipld`. @see ref-fvm:fvm/src/syscalls/ipld.rs */
export const ipldSyscalls: readonly Syscall[] = [
  syscall({
    module: "ipld",
    name: "block_open",
    fvm: everyFvm,
    params: [["cid_off", "i32"]],
    returns: layout.ipldOpen,
    run: (kernel, memory, at) => blockOpen(kernel, memory.readCid(at)),
  }),
  syscall({
    module: "ipld",
    name: "block_create",
    fvm: everyFvm,
    params: [
      ["codec", "i64"],
      ["data_off", "i32"],
      ["data_len", "i32"],
    ],
    returns: layout.u32,
    run: (kernel, memory, codec, at, length) =>
      blockCreate(kernel, Number(BigInt.asUintN(64, codec)), memory.slice(at, length)),
  }),
  syscall({
    module: "ipld",
    name: "block_link",
    fvm: everyFvm,
    params: [
      ["block_id", "i32"],
      ["hash_fun", "i64"],
      ["hash_len", "i32"],
      ["cid_off", "i32"],
      ["cid_max_len", "i32"],
    ],
    returns: layout.u32,
    run(kernel, memory, id, hash, hashLength, at, room) {
      memory.assertBounds(at, room);
      const cid = blockLink(kernel, id >>> 0, Number(BigInt.asUintN(64, hash)), hashLength >>> 0);
      return memory.writeCid(cid, at, room);
    },
  }),
  syscall({
    module: "ipld",
    name: "block_read",
    fvm: everyFvm,
    params: [
      ["block_id", "i32"],
      ["offset", "i32"],
      ["data_off", "i32"],
      ["data_max_len", "i32"],
    ],
    returns: layout.i32,
    run: (kernel, memory, id, offset, at, room) => blockRead(kernel, id >>> 0, offset >>> 0, memory.slice(at, room)),
  }),
  syscall({
    module: "ipld",
    name: "block_stat",
    fvm: everyFvm,
    params: [["block_id", "i32"]],
    returns: layout.ipldStat,
    run: (kernel, _, id) => blockStat(kernel, id >>> 0),
  }),
];
