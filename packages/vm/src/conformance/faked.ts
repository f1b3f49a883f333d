import type { CidBytes } from "@copse/ipld";
import { utf8 } from "@copse/primitives";
import { ExternError, type Externs } from "../externs.ts";
import type { ProofVerifier } from "../proofs.ts";
import type { MessageVector } from "./vector.ts";

/**
 * Takes every proof for good without a look, as the reference's own test kernel does. For vectors only: what is executed
 * with it proves nothing about the storage.
 *
 * @see ref-fvm:testing/conformance/src/vm.rs TestKernel
 */
export const fakedProofs: ProofVerifier = {
  verifySeal: () => true,
  verifyPost: () => true,
  verifyAggregateSeals: () => true,
  verifyReplicaUpdate: () => true,
  pretends: true,
};

/** What is not checked when vectors run: said by whatever prints results of them. */
export const fakedSays =
  "seals, PoSts, aggregates and replica updates are taken for good, as the reference's runner does";

/** Randomness where a vector has none. Size: 32 B. */
const fallback: Uint8Array = utf8("i_am_random_____i_am_random_____");

/**
 * Answers from a vector: its randomness, else always the same; its tipsets; never a consensus fault.
 *
 * @see ref-fvm:testing/conformance/src/rand.rs
 */
export function vectorExterns(vector: Pick<MessageVector, "randomness" | "tipsetCids">): Externs {
  const draw = (kind: "chain" | "beacon", epoch: number): Uint8Array =>
    (vector.randomness.find((drawn) => drawn.kind === kind && drawn.epoch === epoch)?.digest ?? fallback).slice();
  return {
    chainRandomness: (epoch) => draw("chain", epoch),
    beaconRandomness: (epoch) => draw("beacon", epoch),
    tipsetCid(epoch): CidBytes {
      const cid = vector.tipsetCids.get(epoch);
      if (cid === undefined) throw new ExternError(`the vector has no tipset at epoch ${epoch}`);
      return cid;
    },
    verifyConsensusFault: () => undefined,
  };
}
