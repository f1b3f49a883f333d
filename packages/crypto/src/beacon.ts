import { concatBytes, uint64BE } from "@copse/primitives";
import {
  type ClaimBytes,
  ClaimReader,
  holdsAlone,
  longSignatures,
  type Orientation,
  shortSignatures,
} from "./claims.ts";
import { currentEngine } from "./current-engine.ts";
import { sha256 } from "./hashes.ts";

/** `chained`: keys in G1, signatures in G2 over the previous one too. `unchained`: the reverse, over the round alone. */
export type BeaconScheme = "chained" | "unchained";

/** What a beacon's entries are checked against. */
export interface BeaconKey {
  readonly scheme: BeaconScheme;
  /** 48 B where chained, 96 B where unchained. */
  readonly publicKey: Uint8Array;
}

/** One round of a beacon, as block headers carry it. */
export interface BeaconRound {
  readonly round: number;
  /** 96 B where chained, 48 B where unchained. */
  readonly signature: Uint8Array;
}

/**
 * What a round of drand signs: `sha256(previous ‖ u64BE round)` where chained, `sha256(u64BE round)` where not. Size: 32 B.
 *
 * @see drand schemes `pedersen-bls-chained`, `bls-unchained-g1-rfc9380`
 * @example
 * beaconMessage("unchained", 17133822).length // => 32
 */
export function beaconMessage(scheme: BeaconScheme, round: number, previousSignature?: Uint8Array): Uint8Array {
  const number = uint64BE(round);
  return sha256(
    scheme === "chained" && previousSignature !== undefined ? concatBytes(previousSignature, number) : number,
  );
}

/**
 * Tells whether a round is the beacon's own. A chained one needs the signature of the round before it.
 *
 * Never throws: malformed points, a missing previous signature and rounds that are no whole number are false.
 *
 * @see lotus:chain/beacon/drand/drand.go
 * @example
 * verifyBeacon({ scheme: "chained", publicKey }, { round, signature }, signatureOfTheRoundBefore)
 */
export function verifyBeacon(chain: BeaconKey, entry: BeaconRound, previousSignature?: Uint8Array): boolean {
  if (!isRound(entry.round) || (chain.scheme === "chained" && previousSignature === undefined)) return false;
  const curve = currentEngine().bls;
  const message = beaconMessage(chain.scheme, entry.round, previousSignature);
  const bytes = { publicKeys: [chain.publicKey], messages: [message], signature: entry.signature };
  return chain.scheme === "chained" ? holds(longSignatures(curve), bytes) : holds(shortSignatures(curve), bytes);
}

function holds<K, S>(side: Orientation<K, S>, bytes: ClaimBytes): boolean {
  const claim = new ClaimReader(side).read(bytes);
  return claim !== undefined && holdsAlone(side, claim);
}

/** A round number a header can carry. */
export function isRound(round: number): boolean {
  return Number.isSafeInteger(round) && round >= 0;
}
