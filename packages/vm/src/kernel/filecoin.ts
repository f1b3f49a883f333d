import type { CidBytes } from "@copse/ipld";
import { HostFault } from "@copse/primitives";
import { type ConsensusFault, ExternError } from "../externs.ts";
import { onVerifyAggregateSeals, onVerifyPost } from "../gas/prices.ts";
import type { AggregateSealInfo, ProofVerifier, ReplicaUpdateInfo, SealInfo, WindowPostInfo } from "../proofs.ts";
import { SyscallError } from "../syscall-error.ts";
import type { Kernel } from "./kernel.ts";
import { checkAggregate, checkPost, checkReplicaUpdate, checkSeal } from "./proof-checks.ts";
import { type Piece, unsealedCid } from "./unsealed-cid.ts";

const calibnet = 314159n;
/** Calibnet's epoch until which its first V1P1 proofs were taken for V1. */
const calibnetPostFix = 498691;
const window32GiB = { v1: 8, v1p1: 13 };

/** CommD of a sector of this size. */
export function computeUnsealedSectorCid(kernel: Kernel, sector: bigint, pieces: readonly Piece[]): CidBytes {
  kernel.gas.charge("OnComputeUnsealedSectorCid", kernel.core.prices.unsealedCid);
  return unsealedCid(sector, pieces);
}

/** FVM 2. */
export function verifySeal({ core, gas }: Kernel, info: SealInfo): boolean {
  gas.charge("OnVerifySeal", core.prices.verifySeal);
  const proofs = verifierOf(core.proofs);
  if (proofs.pretends !== true) checkSeal(info, core.rules.fvm);
  return answer(() => proofs.verifySeal(info));
}

/** Whether each seal of a batch holds: one that is malformed does not. */
export function batchVerifySeals({ core, gas }: Kernel, infos: readonly SealInfo[]): readonly boolean[] {
  if (infos.length === 0) return [];
  const proofs = verifierOf(core.proofs);
  if (proofs.pretends === true) return infos.map((info) => proofs.verifySeal(info));
  if (core.rules.fvm !== 2) for (const _ of infos) gas.charge("OnVerifySeal", core.prices.verifySeal);
  return infos.map((info) => {
    try {
      checkSeal(info, core.rules.fvm);
      return answer(() => proofs.verifySeal(info));
    } catch (error) {
      if (error instanceof SyscallError) return false;
      throw error;
    }
  });
}

/** Whether a window PoSt holds. */
export function verifyPost({ core, gas }: Kernel, info: WindowPostInfo): boolean {
  gas.charge("OnVerifyPost", onVerifyPost(core.prices, info.sectors.length));
  const proofs = verifierOf(core.proofs);
  if (proofs.pretends === true) return proofs.verifyPost(info);
  const asTaken = core.rules.fvm === 3 ? asCalibnetTookIt(info, core.context.chainId, core.context.epoch) : info;
  checkPost(asTaken, core.rules.fvm);
  return answer(() => proofs.verifyPost(asTaken));
}

/** Valid proofs that calibnet refused, by a bug that was mended without a network version. */
function asCalibnetTookIt(info: WindowPostInfo, chainId: bigint, epoch: number): WindowPostInfo {
  const [first, ...rest] = info.proofs;
  const isRefused = chainId === calibnet && epoch <= calibnetPostFix && first?.postProof === window32GiB.v1p1;
  return isRefused ? { ...info, proofs: [{ ...first, postProof: window32GiB.v1 }, ...rest] } : info;
}

/** Whether an aggregate of seals holds. */
export function verifyAggregateSeals({ core, gas }: Kernel, info: AggregateSealInfo): boolean {
  gas.charge("OnVerifyAggregateSeals", onVerifyAggregateSeals(core.prices, info.sealProof, info.infos.length));
  const proofs = verifierOf(core.proofs);
  if (proofs.pretends !== true) checkAggregate(info, core.rules.fvm);
  return answer(() => proofs.verifyAggregateSeals(info));
}

/** Whether a replica update holds. */
export function verifyReplicaUpdate({ core, gas }: Kernel, info: ReplicaUpdateInfo): boolean {
  gas.charge("OnVerifyReplicaUpdate", core.prices.replicaUpdate);
  const proofs = verifierOf(core.proofs);
  if (proofs.pretends !== true) checkReplicaUpdate(info);
  return answer(() => proofs.verifyReplicaUpdate(info));
}

/** What two block headers prove. */
export function verifyConsensusFault(
  { core, gas }: Kernel,
  first: Uint8Array,
  second: Uint8Array,
  extra: Uint8Array,
): ConsensusFault | undefined {
  gas.charge("OnVerifyConsensusFault", core.prices.consensusFault);
  return answer(() => core.externs.verifyConsensusFault(first, second, extra));
}

function verifierOf(proofs: ProofVerifier | undefined): ProofVerifier {
  if (proofs === undefined) throw new HostFault("host/worker-failed", { reason: "the machine has no proof verifier" });
  return proofs;
}

/** An extern's refusal is the actor's mistake; all else passes. */
function answer<T>(ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    if (error instanceof ExternError) throw new SyscallError("IllegalArgument", error.message);
    throw error;
  }
}
