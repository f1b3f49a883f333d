import { type Amt, loadAmt } from "@copse/amt";
import { type Hamt, loadHamt, uintKeys } from "@copse/hamt";
import { type Codec, type Fetching, fromCid } from "@copse/ipld";
import type { BitField } from "@copse/ipld/bitfield";
import type { AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";
import {
  amountField,
  bigIntField,
  bitFieldField,
  boolField,
  cidField,
  listOf,
  numberField,
  orNull,
  uintField,
} from "../field-codecs.ts";
import { struct } from "../struct.ts";
import type { MinerState } from "./miner-state.ts";

/** What a miner said of a sector before it proved it. */
export interface PreCommitInfo {
  readonly sealProof: number;
  readonly sectorNumber: bigint;
  /** Commitment to the sealed replica, CommR. */
  readonly sealedCid: CID;
  readonly sealRandEpoch: number;
  readonly dealIds: readonly bigint[];
  readonly expiration: number;
  /** Commitment to the data, CommD; `null` where there is none. Since actors v9. */
  readonly unsealedCid: CID | null | undefined;
  /** Whether it is to replace a sector without deals, and which. Up to actors v8. */
  readonly replaceCapacity: boolean | undefined;
  readonly replaceSectorDeadline: bigint | undefined;
  readonly replaceSectorPartition: bigint | undefined;
  readonly replaceSectorNumber: bigint | undefined;
}

/** A sector that is announced and not proven yet. */
export interface PreCommit {
  readonly info: PreCommitInfo;
  readonly deposit: AttoFil;
  readonly epoch: number;
  /** Unit: bytes times epochs. Up to actors v8. */
  readonly dealWeight: bigint | undefined;
  readonly verifiedDealWeight: bigint | undefined;
}

const replacement = [
  "replaceCapacity",
  "replaceSectorDeadline",
  "replaceSectorPartition",
  "replaceSectorNumber",
] as const;

/**
 * How miners hold what is pre-committed. Shape: `[info, deposit, epoch]`, in actors v8 two weights more.
 *
 * @see builtin-actors:actors/miner/src/types.rs SectorPreCommitOnChainInfo
 */
export const preCommitCodec: Codec<PreCommit> = struct<PreCommit>(
  "pre-committed sector",
  {
    info: struct<PreCommitInfo>(
      "pre-commit info",
      {
        sealProof: numberField,
        sectorNumber: uintField,
        sealedCid: cidField,
        sealRandEpoch: numberField,
        dealIds: listOf(uintField),
        expiration: numberField,
        unsealedCid: orNull(cidField),
        replaceCapacity: boolField,
        replaceSectorDeadline: uintField,
        replaceSectorPartition: uintField,
        replaceSectorNumber: uintField,
      },
      [
        { actors: 8, lacks: ["unsealedCid"] },
        { actors: 9, lacks: replacement },
      ],
    ),
    deposit: amountField,
    epoch: numberField,
    dealWeight: bigIntField,
    verifiedDealWeight: bigIntField,
  },
  [
    { actors: 8, lacks: [] },
    { actors: 9, lacks: ["dealWeight", "verifiedDealWeight"] },
  ],
);

/**
 * The sectors that a miner has announced and not proven, by number.
 *
 * @throws {HamtError} its node is none
 * @example
 * const deposit = runSync(preCommittedSectors(state), store).getSync(7n, store)?.deposit;
 */
export function preCommittedSectors(state: MinerState): Fetching<Hamt<PreCommit, bigint>> {
  return loadHamt(fromCid(state.preCommittedSectors), preCommitCodec, { version: 3, keys: uintKeys });
}

/**
 * Epochs after which sectors that were announced and not proven are forgotten, each with their numbers.
 *
 * @throws {AmtError} its node is none
 * @example
 * const next = runSync(runSync(preCommitCleanUps(state), store).firstSetIndex(), store);
 */
export function preCommitCleanUps(state: MinerState): Fetching<Amt<BitField>> {
  return loadAmt(fromCid(state.preCommittedSectorsCleanUp), bitFieldField, { version: 3 });
}
