import { type Fetching, fromCid } from "@copse/ipld";
import { count, nth } from "@copse/ipld/bitfield";
import { provenSector, provingSectors } from "@copse/state/miner";
import { Address, type BlockHeader } from "@copse/types";
import { drawForWinningPoSt } from "../rules/draw-randomness.ts";
import { winningSectorIndexes } from "../rules/winning-sectors.ts";
import type { StateAtHand } from "./leader-state.ts";

/** A winning proof of spacetime, with all that it must be about. The same shape as a window PoSt of the vm's. */
export interface WinningPostInfo {
  /** 32 B, within the proof's field. */
  readonly randomness: Uint8Array;
  readonly proofs: readonly { readonly postProof: number; readonly proof: Uint8Array }[];
  readonly sectors: readonly {
    readonly sealProof: number;
    readonly sectorNumber: bigint;
    /** CommR: bytes of its CID. */
    readonly sealedCid: Uint8Array;
  }[];
  /** Actor ID. */
  readonly prover: bigint;
}

/**
 * Verifies winning proofs of spacetime: SNARKs, which are not this package's to know. It answers whether the proof holds;
 * a `HostFault` says that this machine cannot tell. One object may be this and the vm's `ProofVerifier`.
 *
 * @see filecoin-ffi:proofs.go VerifyWinningPoSt
 */
export interface WinningPostVerifier {
  verifyWinningPost(info: WinningPostInfo): boolean;
}

/**
 * All that the winning proof of a header must be about, read from the lookback state. Where the miner has no sectors that
 * count, there are none in it, and no proof holds.
 *
 * Cost: reads every partition of the miner.
 *
 * @param beacon - the header's last beacon entry, or else the newest below it
 * @param baseVersion - network version at the height of the parents
 * @throws {StateError} and what the trees throw
 * @throws {HostFault} `host/block-missing`
 * @see lotus:chain/stmgr/actors.go GetSectorsForWinningPoSt,
 * lotus:chain/consensus/filcns/filecoin.go VerifyWinningPoStProof
 * @example
 * const info = runSync(winningPostInfo(header, beacon.signature, lookback, 28), store);
 * const holds = info.sectors.length > 0 && verifier.verifyWinningPost(info);
 */
export function* winningPostInfo(
  header: BlockHeader,
  beacon: Uint8Array,
  { tree }: Pick<StateAtHand, "tree">,
  baseVersion: number,
): Fetching<WinningPostInfo> {
  const { miner, height } = header;
  const randomness = drawForWinningPoSt({ beacon, height, miner });
  const proving = yield* provingSectors(tree, miner, baseVersion < 7 ? "not-faulty" : "active");
  const numbers = winningSectorIndexes(randomness, miner, count(proving)).map((place) => nth(proving, place) as bigint);
  const sectors: WinningPostInfo["sectors"][number][] = [];
  for (const number of numbers.toSorted((a, b) => (a < b ? -1 : 1))) {
    const sector = yield* provenSector(tree, miner, number);
    if (sector === undefined) continue; // no proof can be about what is not there
    const { sealProof, sealedCid } = sector;
    sectors.push({ sealProof, sectorNumber: number, sealedCid: fromCid(sealedCid) });
  }
  return {
    randomness,
    proofs: header.winPostProof.map(({ postProof, proofBytes }) => ({ postProof, proof: proofBytes })),
    sectors,
    prover: Address.idOf(miner),
  };
}
