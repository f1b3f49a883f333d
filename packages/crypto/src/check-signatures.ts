import { type Claim, type Orientation, Reader, verifyTogether } from "./batch.ts";
import { beaconMessage, isRound } from "./beacon.ts";
import { areDistinct, g1Tag, g2Tag, readG1, readG2 } from "./bls-points.ts";
import { checkSecp256k1 } from "./check-one.ts";
import { currentEngine } from "./current-engine.ts";
import type { BlsCurve, G1Point, G2Point } from "./engine.ts";
import type { SignatureCheck } from "./signature-check.ts";

/** What {@link checkSignatures} needs from outside. */
export interface CheckOptions {
  /**
   * Unpredictable bytes for the weights. Whoever can predict them can have a forged signature pass in a batch: use the
   * platform's generator.
   */
  readonly random: (length: number) => Uint8Array;
}

/**
 * Checks many signatures at once and says of each whether it is good. Never throws on what it checks.
 *
 * BLS and chained beacons go into one product of pairings, quicknet's beacons into another, secp256k1 signatures are
 * checked one by one. Where a product fails it is bisected until each bad signature is named. Answers are those of
 * `checkSignature`, but for a chance of 2^-127 a batch. An aggregate over no message is false here; Lotus accepts any
 * bytes for it, which is for the caller to decide.
 *
 * Cost: with mcl-wasm about 2.5 times less a signature than one by one (bench/README.md).
 *
 * @example
 * checkSignatures(checks, { random: (n) => crypto.getRandomValues(new Uint8Array(n)) });
 */
export function checkSignatures(checks: readonly SignatureCheck[], { random }: CheckOptions): boolean[] {
  const curve = currentEngine().bls;
  const [long, short] = [longSignatures(curve), shortSignatures(curve)];
  const inG2 = new Reader(long, (bytes) => readG1(curve, bytes));
  const inG1 = new Reader(short, (bytes) => readG2(curve, bytes));
  const longClaims: Claim<G1Point, G2Point>[] = [];
  const shortClaims: Claim<G2Point, G1Point>[] = [];
  const good = checks.map((check, index) => {
    if (check.kind === "secp256k1") return checkSecp256k1(check);
    const parts = partsOf(check);
    if (parts === undefined) return false;
    return check.kind === "beacon" && check.scheme === "unchained"
      ? collect(index, parts, inG1, readG1(curve, parts.signature), shortClaims)
      : collect(index, parts, inG2, readG2(curve, parts.signature), longClaims);
  });
  const bad = (index: number): void => {
    good[index] = false;
  };
  verifyTogether(long, longClaims, random, bad);
  verifyTogether(short, shortClaims, random, bad);
  return good;
}

interface Parts {
  readonly publicKeys: readonly Uint8Array[];
  readonly messages: readonly Uint8Array[];
  readonly signature: Uint8Array;
}

/** The keys and messages of a check, or nothing where they cannot be right. */
function partsOf(check: Exclude<SignatureCheck, { kind: "secp256k1" }>): Parts | undefined {
  if (check.kind === "bls") {
    return { publicKeys: [check.publicKey], messages: [check.message], signature: check.signature };
  }
  if (check.kind === "bls-aggregate") {
    const { messages, publicKeys } = check;
    const pairs = messages.length > 0 && messages.length === publicKeys.length && areDistinct(messages);
    return pairs ? check : undefined;
  }
  if (!isRound(check.round) || (check.scheme === "chained" && check.previous === undefined)) return undefined;
  const message = beaconMessage(check.scheme, check.round, check.previous);
  return { publicKeys: [check.publicKey], messages: [message], signature: check.signature };
}

/** @returns whether the claim's points can be read; whether it holds is decided with the others */
function collect<K, S>(
  index: number,
  parts: Parts,
  reader: Reader<K, S>,
  signature: S | undefined,
  claims: Claim<K, S>[],
): boolean {
  if (signature === undefined) return false;
  const terms = [];
  for (const [i, publicKey] of parts.publicKeys.entries()) {
    const term = reader.term(publicKey, parts.messages[i] as Uint8Array);
    if (term === undefined) return false;
    terms.push(term);
  }
  claims.push({ index, terms, signature });
  return true;
}

function longSignatures(curve: BlsCurve): Orientation<G1Point, G2Point> {
  return {
    keys: curve.g1,
    signatures: curve.g2,
    tag: g2Tag,
    cheapKeys: true,
    productIsOne: (keys, signatures) => curve.productIsOne(keys, signatures),
  };
}

function shortSignatures(curve: BlsCurve): Orientation<G2Point, G1Point> {
  return {
    keys: curve.g2,
    signatures: curve.g1,
    tag: g1Tag,
    cheapKeys: false,
    productIsOne: (keys, signatures) => curve.productIsOne(signatures, keys),
  };
}
