import { type Codec, decode, type Fetching, fromCid } from "@copse/ipld";
import type { Address, AttoFil } from "@copse/types";
import { actorsVersion } from "../actor-kind.ts";
import {
  addressField,
  amountField,
  boolField,
  bytesField,
  intField,
  listOf,
  numberField,
  orNull,
} from "../field-codecs.ts";
import type { StateTree } from "../state-tree.ts";
import { type Form, struct } from "../struct.ts";
import { openMiner } from "./miner-state.ts";

/** A worker to come, and the epoch from which it may be confirmed. */
export interface PendingWorker {
  readonly worker: Address;
  readonly effectiveAt: number;
}

/** What a beneficiary that is not the owner may take out. */
export interface BeneficiaryTerm {
  readonly quota: AttoFil;
  readonly usedQuota: AttoFil;
  /** The epoch it ends at. Whatever the owner chose. */
  readonly expiration: bigint;
}

/** A beneficiary to come, and who agreed to it. */
export interface PendingBeneficiary {
  readonly beneficiary: Address;
  readonly quota: AttoFil;
  readonly expiration: bigint;
  readonly approvedByBeneficiary: boolean;
  readonly approvedByNominee: boolean;
}

/** Who a miner is, as it stands. Fields that its actors' version has not are `undefined`. */
interface StoredInfo {
  readonly owner: Address;
  readonly worker: Address;
  readonly controlAddresses: readonly Address[];
  readonly pendingWorker: PendingWorker | null;
  readonly peerId: Uint8Array;
  readonly multiaddrs: readonly Uint8Array[];
  readonly proofType: number;
  readonly sectorSize: number;
  readonly windowPoStPartitionSectors: number;
  readonly consensusFaultElapsed: number | undefined;
  readonly pendingOwner: Address | null | undefined;
  readonly beneficiary: Address | undefined;
  readonly beneficiaryTerm: BeneficiaryTerm | undefined;
  readonly pendingBeneficiary: PendingBeneficiary | null | undefined;
}

/** Who a miner is. */
export interface MinerInfo {
  /** ID address of its owner. */
  readonly owner: Address;
  /** ID address of the account whose key signs its blocks; see `accountKey`. */
  readonly worker: Address;
  readonly controlAddresses: readonly Address[];
  /** The worker to come, and the epoch from which it may be confirmed. */
  readonly pendingWorker: PendingWorker | null;
  /** Bytes of its libp2p peer ID, maybe none. */
  readonly peerId: Uint8Array;
  readonly multiaddrs: readonly Uint8Array[];
  /** Registered proof type: of sealing before actors v3, of window PoSt since. */
  readonly proofType: number;
  readonly proofKind: "seal" | "window-post";
  /** Unit: bytes. Given by the proof type. */
  readonly sectorSize: number;
  readonly windowPoStPartitionSectors: number;
  /** The last epoch in which a reported consensus fault keeps it from mining; -1 for none, and always in actors v0. */
  readonly consensusFaultElapsed: number;
  readonly pendingOwner: Address | null;
  /** Who is paid; the owner before actors v9. */
  readonly beneficiary: Address;
  /** `null` before actors v9. */
  readonly beneficiaryTerm: BeneficiaryTerm | null;
  readonly pendingBeneficiary: PendingBeneficiary | null;
}

const forms: readonly Form<StoredInfo>[] = [
  {
    actors: 0,
    lacks: ["consensusFaultElapsed", "pendingOwner", "beneficiary", "beneficiaryTerm", "pendingBeneficiary"],
  },
  { actors: 2, lacks: ["beneficiary", "beneficiaryTerm", "pendingBeneficiary"] },
  { actors: 9, lacks: [] },
];

/** How a miner's info stands. Shape: 9 fields in actors v0; v2 adds two, v9 three. */
export const storedInfoCodec: Codec<StoredInfo> = struct<StoredInfo>(
  "miner info",
  {
    owner: addressField,
    worker: addressField,
    controlAddresses: listOf(addressField),
    pendingWorker: orNull(struct<PendingWorker>("pending worker", { worker: addressField, effectiveAt: numberField })),
    peerId: bytesField,
    multiaddrs: listOf(bytesField),
    proofType: numberField,
    sectorSize: numberField,
    windowPoStPartitionSectors: numberField,
    consensusFaultElapsed: numberField,
    pendingOwner: orNull(addressField),
    beneficiary: addressField,
    beneficiaryTerm: struct<BeneficiaryTerm>("beneficiary's term", {
      quota: amountField,
      usedQuota: amountField,
      expiration: intField,
    }),
    pendingBeneficiary: orNull(
      struct<PendingBeneficiary>("pending beneficiary", {
        beneficiary: addressField,
        quota: amountField,
        expiration: intField,
        approvedByBeneficiary: boolField,
        approvedByNominee: boolField,
      }),
    ),
  },
  forms,
);

/**
 * Who a miner is, in a state of any version.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`, `state/layout-unknown`
 * @see go-state-types:builtin/v16/miner/miner_state.go, specs-actors:v0.9.14 actors/builtin/miner/miner_state.go
 * @example
 * const { worker } = runSync(minerInfo(tree, header.miner), store);
 * const key = runSync(accountKey(tree, worker), store);
 */
export function* minerInfo(tree: StateTree, miner: Address): Fetching<MinerInfo> {
  return (yield* minerStanding(tree, miner)).info;
}

/** What decides whether a miner may mine, and who signs for it, beside its power. */
export interface MinerStanding {
  readonly info: MinerInfo;
  /** Fees it owes; none in actors v0. With any, it may not mine. */
  readonly feeDebt: AttoFil;
}

/**
 * Who a miner is and what it owes, of two blocks: its state and its info.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`, `state/layout-unknown`
 * @example
 * const { info, feeDebt } = runSync(minerStanding(tree, header.miner), store);
 */
export function* minerStanding(tree: StateTree, miner: Address): Fetching<MinerStanding> {
  const { state, code } = yield* openMiner(tree, miner);
  const stored = decode(storedInfoCodec, yield fromCid(state.info));
  const version = actorsVersion(code);
  const info: MinerInfo = {
    ...stored,
    proofKind: version === 0 || version === 2 ? "seal" : "window-post",
    consensusFaultElapsed: stored.consensusFaultElapsed ?? -1,
    pendingOwner: stored.pendingOwner ?? null,
    beneficiary: stored.beneficiary ?? stored.owner,
    beneficiaryTerm: stored.beneficiaryTerm ?? null,
    pendingBeneficiary: stored.pendingBeneficiary ?? null,
  };
  return { info, feeDebt: state.feeDebt };
}
