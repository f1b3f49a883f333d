import { sha256 } from "@copse/crypto";
import { concatBytes, uint64BE } from "@copse/primitives";

/** A winning proof of spacetime is about so many sectors. */
const sectorCount = 1;

/**
 * Which of a miner's sectors a winning proof of spacetime must be about: places among those that count, in order of their
 * numbers.
 *
 * Shape: of each, `sha256( prover, 32 B ‖ randomness ‖ u64LE(which) )`, its first 8 bytes as a little-endian integer,
 * modulo the count of sectors. The prover is the ID in LEB128, filled up with zeros.
 *
 * @param randomness - of `drawForWinningPoSt`, 32 B
 * @param prover - the miner's ID address, bytes
 * @param sectors - how many count; without any there is no challenge
 * @see rust-fil-proofs:storage-proofs-post/src/fallback/vanilla.rs generate_sector_challenge,
 * rust-fil-proofs:filecoin-proofs/src/api/winning_post.rs, filecoin-ffi:proofs.go toProverID
 * @example
 * winningSectorIndexes(randomness, header.miner, 1n) // => [0n]
 */
export function winningSectorIndexes(randomness: Uint8Array, prover: Uint8Array, sectors: bigint): bigint[] {
  if (sectors <= 0n) return [];
  const padded = new Uint8Array(32);
  padded.set(prover.subarray(1)); // an ID address is a zero and the ID in LEB128
  return Array.from({ length: sectorCount }, (_, which) => {
    const digest = sha256(concatBytes(padded, randomness, uint64BE(which).reverse()));
    return new DataView(digest.buffer, digest.byteOffset).getBigUint64(0, true) % sectors;
  });
}
