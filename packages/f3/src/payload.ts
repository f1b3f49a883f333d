import { cidOf, fromCid } from "@copse/ipld";
import { concatBytes, uint64BE, utf8 } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { merkleRoot } from "./merkle.ts";
import type { F3Tipset, FinalityCertificate } from "./types.ts";

/** The phase whose votes a certificate gathers: DECIDE, and its only round. */
const decide: Uint8Array = Uint8Array.of(5);
const round: Uint8Array = new Uint8Array(8);

/**
 * What the chain's Merkle tree holds for a tipset. Size: 116 B.
 *
 * Shape: epoch (i64, big-endian) ‖ commitments ‖ CID of the key's block ‖ CID of the power table.
 *
 * @see go-f3:gpbft/chain.go TipSet.MarshalForSigning
 * @example
 * tipsetLeaf(certificate.chain[0]).length // => 116
 */
export function tipsetLeaf({ epoch, key, powerTable, commitments }: F3Tipset): Uint8Array {
  return concatBytes(uint64BE(epoch), commitments, cidOf(TipsetKey.encode(key)), fromCid(powerTable));
}

/**
 * The key of a chain: the root of the Merkle tree over its tipsets, base included. Size: 32 B. Cost: about three hashes a
 * tipset.
 *
 * With `merkleProof` of {@link tipsetLeaf}s a single tipset of a certificate is shown to someone who has its signed key.
 *
 * @see go-f3:gpbft/chain.go ECChain.Key
 * @example
 * chainKey([]) // => new Uint8Array(32)
 */
export function chainKey(chain: readonly F3Tipset[]): Uint8Array {
  return merkleRoot(chain.map(tipsetLeaf));
}

/**
 * The bytes that the signers of a certificate signed. Size: 126 B and the network's name: 134 B on mainnet.
 *
 * Shape: `GPBFT:` name `:` 5 (the phase DECIDE) ‖ round 0 ‖ instance ‖ commitments ‖ {@link chainKey} ‖ CID of the next
 * power table. Integers are of 64 bits, big-endian.
 *
 * @see go-f3:gpbft/types.go Payload.MarshalForSigning, FIP-0086
 * @example
 * signingPayload("filecoin", certificate).length // => 134
 */
export function signingPayload(
  networkName: string,
  { instance, supplementalData, chain }: Pick<FinalityCertificate, "instance" | "supplementalData" | "chain">,
): Uint8Array {
  return concatBytes(
    utf8(`GPBFT:${networkName}:`),
    decide,
    round,
    uint64BE(instance),
    supplementalData.commitments,
    chainKey(chain),
    fromCid(supplementalData.powerTable),
  );
}
