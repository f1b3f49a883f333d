import { blake2b256 } from "@copse/crypto";
import { concatBytes, uint64BE } from "@copse/primitives";
import { ExternError } from "../externs.ts";
import { onGetRandomness } from "../gas/prices.ts";
import { SyscallError } from "../syscall-error.ts";
import type { Kernel } from "./kernel.ts";

/** Where randomness is drawn from. */
export type RandomnessSource = "chain" | "beacon";

const maxInt64 = 2n ** 63n - 1n;

/** The digest of an epoch, which actors hash by themselves. FVM 4. */
export function randomness(kernel: Kernel, source: RandomnessSource, epoch: bigint): Uint8Array {
  const lookback = BigInt(kernel.core.context.epoch) - epoch;
  if (lookback > maxInt64) throw new SyscallError("IllegalArgument", `no epoch is ${epoch}`);
  kernel.gas.charge("OnGetRandomness", onGetRandomness(kernel.core.prices, Number(lookback)));
  return digest(kernel, source, epoch);
}

/** What is drawn of an epoch for a purpose. FVM 2 and 3. @see lotus:chain/rand/rand.go DrawRandomnessFromDigest */
export function drawRandomness(
  kernel: Kernel,
  source: RandomnessSource,
  tag: bigint,
  epoch: bigint,
  entropy: Uint8Array,
): Uint8Array {
  kernel.gas.charge("OnGetRandomness", onGetRandomness(kernel.core.prices, entropy.length));
  const base = digest(kernel, source, epoch);
  const unsigned = (value: bigint): Uint8Array => uint64BE(BigInt.asUintN(64, value));
  return blake2b256(concatBytes(unsigned(tag), base, unsigned(epoch), entropy));
}

function digest({ core }: Kernel, source: RandomnessSource, epoch: bigint): Uint8Array {
  try {
    const at = Number(epoch);
    return source === "chain" ? core.externs.chainRandomness(at) : core.externs.beaconRandomness(at);
  } catch (error) {
    if (error instanceof ExternError) throw new SyscallError("IllegalArgument", error.message);
    throw error;
  }
}
