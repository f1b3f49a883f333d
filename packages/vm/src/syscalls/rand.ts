import { drawRandomness, type RandomnessSource, randomness } from "../kernel/randomness.ts";
import * as layout from "./layouts.ts";
import { type Syscall, syscall } from "./syscall.ts";

/** FVM 2 and 3: drawn for a purpose by the machine. */
const drawn = (source: RandomnessSource): Syscall =>
  syscall({
    module: "rand",
    name: `get_${source}_randomness`,
    fvm: [2, 3],
    params: [
      ["tag", "i64"],
      ["epoch", "i64"],
      ["entropy_off", "i32"],
      ["entropy_len", "i32"],
    ],
    returns: layout.bytes(32),
    run: (kernel, memory, tag, epoch, at, length) =>
      drawRandomness(kernel, source, tag, epoch, memory.slice(at, length)),
  });

/** FVM 4: the digest, which actors draw from by themselves. */
const digest = (source: RandomnessSource): Syscall =>
  syscall({
    module: "rand",
    name: `get_${source}_randomness`,
    fvm: [4],
    params: [["epoch", "i64"]],
    returns: layout.bytes(32),
    run: (kernel, _, epoch) => randomness(kernel, source, epoch),
  });

/** Syscalls of module `rand`. @see ref-fvm:fvm/src/syscalls/rand.rs */
export const randSyscalls: readonly Syscall[] = [drawn("chain"), drawn("beacon"), digest("chain"), digest("beacon")];
