import type { CborReader } from "@copse/ipld";
import {
  batchVerifySeals,
  computeUnsealedSectorCid,
  verifyAggregateSeals,
  verifyConsensusFault,
  verifyPost,
  verifyReplicaUpdate,
  verifySeal,
} from "../kernel/filecoin.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { sealProofTypes } from "../kernel/proof-checks.ts";
import { sectorSize } from "../kernel/unsealed-cid.ts";
import { SyscallError } from "../syscall-error.ts";
import * as layout from "./layouts.ts";
import {
  decodeInfo,
  readAggregateInfo,
  readPieces,
  readPostInfo,
  readReplicaUpdateInfo,
  readSealInfo,
  readSealInfos,
} from "./proof-infos.ts";
import { everyFvm, type Syscall, syscall } from "./syscall.ts";

/** A proof that is verified: its info in CBOR, and an answer of 0 or -1. */
function proof<T>(
  name: string,
  fvm: Syscall["fvm"],
  read: (reader: CborReader) => T,
  verify: (kernel: Kernel, info: T) => boolean,
): Syscall {
  return syscall({
    module: "crypto",
    name,
    fvm,
    params: [
      ["info_off", "i32"],
      ["info_len", "i32"],
    ],
    returns: layout.i32,
    run: (kernel, memory, at, length) => (verify(kernel, decodeInfo(memory.slice(at, length), read)) ? 0 : -1),
  });
}

/** Syscalls of module `crypto` that are Filecoin's own. @see ref-fvm:fvm/src/syscalls/filecoin.rs */
export const filecoinSyscalls: readonly Syscall[] = [
  proof("verify_seal", [2], readSealInfo, verifySeal),
  proof("verify_post", everyFvm, readPostInfo, verifyPost),
  proof("verify_aggregate_seals", everyFvm, readAggregateInfo, verifyAggregateSeals),
  proof("verify_replica_update", everyFvm, readReplicaUpdateInfo, verifyReplicaUpdate),
  syscall({
    module: "crypto",
    name: "compute_unsealed_sector_cid",
    fvm: everyFvm,
    params: [
      ["proof_type", "i64"],
      ["pieces_off", "i32"],
      ["pieces_len", "i32"],
      ["cid_off", "i32"],
      ["cid_max_len", "i32"],
    ],
    returns: layout.u32,
    run(kernel, memory, proofType, piecesAt, piecesLength, at, room) {
      const sector = sectorSize(proofType, sealProofTypes[kernel.core.rules.fvm]);
      if (sector === undefined) throw new SyscallError("IllegalArgument", `seal proof ${proofType}`);
      const pieces = decodeInfo(memory.slice(piecesAt, piecesLength), readPieces);
      memory.assertBounds(at, room);
      return memory.writeCid(computeUnsealedSectorCid(kernel, sector, pieces), at, room);
    },
  }),
  syscall({
    module: "crypto",
    name: "verify_consensus_fault",
    fvm: everyFvm,
    params: [
      ["h1_off", "i32"],
      ["h1_len", "i32"],
      ["h2_off", "i32"],
      ["h2_len", "i32"],
      ["extra_off", "i32"],
      ["extra_len", "i32"],
    ],
    returns: layout.consensusFault,
    run: (kernel, memory, firstAt, firstLength, secondAt, secondLength, extraAt, extraLength) =>
      verifyConsensusFault(
        kernel,
        memory.slice(firstAt, firstLength),
        memory.slice(secondAt, secondLength),
        memory.slice(extraAt, extraLength),
      ),
  }),
  syscall({
    module: "crypto",
    name: "batch_verify_seals",
    fvm: everyFvm,
    params: [
      ["batch_off", "i32"],
      ["batch_len", "i32"],
      ["result_off", "i32"],
    ],
    returns: layout.nothing,
    run(kernel, memory, at, length, resultAt) {
      const infos = decodeInfo(memory.slice(at, length), readSealInfos);
      const room = memory.slice(resultAt, infos.length);
      room.set(batchVerifySeals(kernel, infos).map((holds) => (holds ? 1 : 0)));
    },
  }),
];
