import { blake2b256 } from "@copse/crypto";
import { concatBytes, uint64BE } from "@copse/primitives";

/**
 * What a draw is for. Each use has its own tag, so that one beacon entry serves them all.
 *
 * @see go-state-types:crypto/randomness.go
 */
export const drawTags = {
  ticketProduction: 1,
  electionProofProduction: 2,
  winningPoStChallengeSeed: 3,
  windowedPoStChallengeSeed: 4,
  sealRandomness: 5,
  interactiveSealChallengeSeed: 6,
  windowedPoStDeadlineAssignment: 7,
  marketDealCronSeed: 8,
  poStChainCommit: 9,
} as const;

/** One of the numbers of {@link drawTags}. */
export type DrawTag = (typeof drawTags)[keyof typeof drawTags];

/**
 * Draws 32 bytes of randomness from a beacon entry or ticket.
 *
 * Shape: `blake2b256( i64BE(tag) ‖ blake2b256(base) ‖ i64BE(epoch) ‖ entropy )`.
 *
 * @see lotus:chain/rand/rand.go DrawRandomnessFromBase
 * @example
 * drawRandomnessFromBase(entry.signature, drawTags.electionProofProduction, 12, minerEntropy(miner))
 */
export function drawRandomnessFromBase(base: Uint8Array, tag: DrawTag, epoch: number, entropy: Uint8Array): Uint8Array {
  return blake2b256(concatBytes(uint64BE(tag), blake2b256(base), uint64BE(epoch), entropy));
}

/**
 * A miner's address as entropy: its CBOR form, header byte included.
 *
 * Bound: an ID address, at most 11 bytes, so the CBOR header is one byte.
 */
export function minerEntropy(miner: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0x40 | miner.length), miner);
}

/** What a leader's draws rest on. */
export interface LeaderDraw {
  /** Data of the last beacon entry in the header, or else of the latest entry below it. */
  readonly beacon: Uint8Array;
  /** The header's epoch. */
  readonly height: number;
  /** The miner's ID address, bytes. */
  readonly miner: Uint8Array;
}

/**
 * The 32 bytes a ticket signs.
 *
 * @param parentTicket - the VRF proof of the parent tipset's first block; `undefined` up to the Smoke upgrade, where it
 * was not mixed in yet
 * @see lotus:chain/consensus/filcns/filecoin.go tktsCheck
 */
export function drawForTicket(draw: LeaderDraw, parentTicket: Uint8Array | undefined): Uint8Array {
  const entropy = minerEntropy(draw.miner);
  return drawRandomnessFromBase(
    draw.beacon,
    drawTags.ticketProduction,
    draw.height - 1, // the ticket looks one epoch back
    parentTicket === undefined ? entropy : concatBytes(entropy, parentTicket),
  );
}

/**
 * The 32 bytes an election proof signs.
 *
 * @see lotus:chain/consensus/filcns/filecoin.go winnerCheck
 */
export function drawForElection(draw: LeaderDraw): Uint8Array {
  return drawRandomnessFromBase(draw.beacon, drawTags.electionProofProduction, draw.height, minerEntropy(draw.miner));
}

/**
 * The challenge of a winning proof of spacetime, already reduced for the proof's field.
 *
 * @see lotus:chain/consensus/filcns/filecoin.go VerifyWinningPoStProof
 */
export function drawForWinningPoSt(draw: LeaderDraw): Uint8Array {
  const drawn = drawRandomnessFromBase(
    draw.beacon,
    drawTags.winningPoStChallengeSeed,
    draw.height,
    minerEntropy(draw.miner),
  );
  drawn[31] = (drawn[31] as number) & 0x3f;
  return drawn;
}
