import { type NumberedClaim, verifyTogether } from "./batch.ts";
import { beaconMessage, isRound } from "./beacon.ts";
import { areDistinct } from "./bls-points.ts";
import { checkSecp256k1 } from "./check-one.ts";
import { type ClaimBytes, ClaimReader, longSignatures, shortSignatures } from "./claims.ts";
import { currentEngine } from "./current-engine.ts";
import type { G1Point, G2Point } from "./engine.ts";
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
  const [longReader, shortReader] = [new ClaimReader(long), new ClaimReader(short)];
  const longClaims: NumberedClaim<G1Point, G2Point>[] = [];
  const shortClaims: NumberedClaim<G2Point, G1Point>[] = [];
  const good = checks.map((check, index) => {
    if (check.kind === "secp256k1") return checkSecp256k1(check);
    const bytes = claimOf(check);
    return (
      bytes !== undefined &&
      (check.kind === "beacon" && check.scheme === "unchained"
        ? collect(index, bytes, shortReader, shortClaims)
        : collect(index, bytes, longReader, longClaims))
    );
  });
  const bad = (index: number): void => {
    good[index] = false;
  };
  verifyTogether(long, longClaims, random, bad);
  verifyTogether(short, shortClaims, random, bad);
  return good;
}

/** What a check claims, or nothing where it cannot be right. */
function claimOf(check: Exclude<SignatureCheck, { kind: "secp256k1" }>): ClaimBytes | undefined {
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
  bytes: ClaimBytes,
  reader: ClaimReader<K, S>,
  claims: NumberedClaim<K, S>[],
): boolean {
  const claim = reader.read(bytes);
  if (claim !== undefined) claims.push({ index, ...claim });
  return claim !== undefined;
}
