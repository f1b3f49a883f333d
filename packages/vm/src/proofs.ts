import type { CidBytes } from "@copse/ipld";

/** A sector's seal, as actors hand it in. Numbers of proof types are those of the protocol; unknown ones come through. */
export interface SealInfo {
  readonly sealProof: number;
  readonly miner: bigint;
  readonly sectorNumber: bigint;
  readonly dealIds: readonly bigint[];
  readonly randomness: Uint8Array;
  readonly interactiveRandomness: Uint8Array;
  readonly proof: Uint8Array;
  /** CommR. */
  readonly sealedCid: CidBytes;
  /** CommD. */
  readonly unsealedCid: CidBytes;
}

/** One sector of an aggregate. */
export interface AggregatedSeal {
  readonly sectorNumber: bigint;
  readonly randomness: Uint8Array;
  readonly interactiveRandomness: Uint8Array;
  readonly sealedCid: CidBytes;
  readonly unsealedCid: CidBytes;
}

/** Seals of many sectors under one proof. */
export interface AggregateSealInfo {
  readonly miner: bigint;
  readonly sealProof: number;
  readonly aggregateProof: number;
  readonly proof: Uint8Array;
  readonly infos: readonly AggregatedSeal[];
}

/** A window PoSt. */
export interface WindowPostInfo {
  readonly randomness: Uint8Array;
  readonly proofs: readonly { readonly postProof: number; readonly proof: Uint8Array }[];
  readonly sectors: readonly {
    readonly sealProof: number;
    readonly sectorNumber: bigint;
    readonly sealedCid: CidBytes;
  }[];
  /** Actor ID. */
  readonly prover: bigint;
}

/** A sector whose data was replaced. */
export interface ReplicaUpdateInfo {
  readonly updateProof: number;
  readonly oldSealedCid: CidBytes;
  readonly newSealedCid: CidBytes;
  readonly newUnsealedCid: CidBytes;
  readonly proof: Uint8Array;
}

/**
 * Verifies the proofs of storage providers: SNARKs, which are not this package's to know.
 *
 * Called after gas is charged and the CIDs and types of an info were found to be what they should. Each answers whether
 * the proof holds; `ExternError` says that the proof's bytes are none (IllegalArgument), a `HostFault` that this machine
 * cannot tell. Where a machine is given none, the first proof is a `HostFault`.
 *
 * @see ref-fvm:fvm/src/kernel/filecoin.rs
 */
export interface ProofVerifier {
  verifySeal(info: SealInfo): boolean;
  verifyPost(info: WindowPostInfo): boolean;
  verifyAggregateSeals(info: AggregateSealInfo): boolean;
  verifyReplicaUpdate(info: ReplicaUpdateInfo): boolean;
  /**
   * True for a verifier that answers without looking, as the reference's test kernel does: infos are not checked before it
   * is asked, and a batch of seals is not charged for. Never on a chain that others follow.
   */
  readonly pretends?: boolean;
}
