import type { CidBytes } from "@copse/ipld";
import { blockCodecs, hashCodes, partsOf } from "../cids.ts";
import type { FvmVersion } from "../fvm-version.ts";
import type { AggregateSealInfo, ReplicaUpdateInfo, SealInfo, WindowPostInfo } from "../proofs.ts";
import { SyscallError } from "../syscall-error.ts";

// What the reference refuses before it looks at a proof.

/** Seal proof types of a generation: V1 and V1P1; synthetic since FVM 3, non-interactive since FVM 4. */
export const sealProofTypes: { readonly [F in FvmVersion]: number } = { 2: 10, 3: 15, 4: 20 };

const randomnessSize = 32;

/** @throws {SyscallError} `IllegalArgument` */
export function checkSeal(info: SealInfo, fvm: FvmVersion): void {
  assertCommitment(info.sealedCid, "sealed");
  assertCommitment(info.unsealedCid, "unsealed");
  assertKnown(info.sealProof, sealProofTypes[fvm]);
  assertRandomness(info.randomness);
  assertRandomness(info.interactiveRandomness);
}

/** @throws {SyscallError} `IllegalArgument` */
export function checkAggregate(info: AggregateSealInfo, fvm: FvmVersion): void {
  if (info.infos.length === 0) throw illegal("no seals");
  assertKnown(info.sealProof, sealProofTypes[fvm]);
  for (const seal of info.infos) {
    assertCommitment(seal.sealedCid, "sealed");
    assertCommitment(seal.unsealedCid, "unsealed");
    assertRandomness(seal.randomness);
    assertRandomness(seal.interactiveRandomness);
  }
  assertKnown(info.aggregateProof, 2);
}

/** @throws {SyscallError} `IllegalArgument` */
export function checkReplicaUpdate(info: ReplicaUpdateInfo): void {
  assertKnown(info.updateProof, 5);
  assertCommitment(info.oldSealedCid, "sealed");
  assertCommitment(info.newSealedCid, "sealed");
  assertCommitment(info.newUnsealedCid, "unsealed");
}

/** @throws {SyscallError} `IllegalArgument` */
export function checkPost(info: WindowPostInfo, fvm: FvmVersion): void {
  assertRandomness(info.randomness);
  const type = info.proofs[0]?.postProof;
  // FVM 2 takes any proofs, and leaves the rest to who verifies them
  if (fvm !== 2 && type === undefined) throw illegal("no proofs");
  if (fvm !== 2 && info.proofs.some(({ postProof }) => postProof !== type)) throw illegal("proofs of several types");
  for (const { sealProof, sealedCid } of info.sectors) {
    assertCommitment(sealedCid, "sealed");
    assertKnown(sealProof, sealProofTypes[fvm]);
    const size = sealProof % 5;
    const isOfSize = fvm === 2 || type === 10 + size || (fvm === 3 && type === 5 + size);
    if (!isOfSize) throw illegal(`post proof ${type} of a sector of seal proof ${sealProof}`);
  }
  for (const { postProof } of info.proofs) {
    assertKnown(postProof, fvm === 2 ? 10 : 15);
    if (fvm === 4 && postProof >= 5 && postProof < 10) throw illegal(`post proof ${postProof}`);
  }
}

function assertKnown(type: number, count: number): void {
  if (!(type >= 0 && type < count)) throw illegal(`proof type ${type}`);
}

function assertRandomness({ length }: Uint8Array): void {
  if (length !== randomnessSize) throw illegal(`randomness of ${length} B`);
}

function assertCommitment(cid: CidBytes, kind: "sealed" | "unsealed"): void {
  const { codec, hash, digest } = partsOf(cid);
  const wanted = kind === "sealed" ? hashCodes.poseidon : hashCodes.sha256Truncated;
  if (codec !== blockCodecs[kind] || hash !== wanted || digest.length !== 32) throw illegal(`a ${kind} CID is none`);
}

const illegal = (reason: string): SyscallError => new SyscallError("IllegalArgument", reason);
