import { bls12_381 } from "@noble/curves/bls12-381.js";
import { type BlsAggregateCheck, beaconMessage, bls, type SignatureCheck } from "../src/index.ts";

const secretOf = (number: number): Uint8Array => new Uint8Array(32).fill(1).fill((number % 250) + 1, 0, 8);
const messageOf = (number: number): Uint8Array => new Uint8Array(38).fill(number & 255, 0, 1).fill(number >> 8, 1, 2);

/** Signatures as headers bring them: ten miners, each message once. */
export function headerSignatures(count: number): SignatureCheck[] {
  return Array.from({ length: count }, (_, i) => {
    const secret = secretOf(i % 10);
    return {
      kind: "bls",
      publicKey: bls.publicKey(secret),
      message: messageOf(i),
      signature: bls.sign(messageOf(i), secret),
    };
  });
}

/** One aggregate over messages of as many senders. */
export function aggregateOf(count: number): BlsAggregateCheck {
  const secrets = Array.from({ length: count }, (_, i) => secretOf(i));
  const messages = secrets.map((_, i) => messageOf(i));
  return {
    kind: "bls-aggregate",
    publicKeys: secrets.map(bls.publicKey),
    messages,
    signature: bls.aggregate(secrets.map((secret, i) => bls.sign(messages[i] as Uint8Array, secret))),
  };
}

/** Consecutive rounds of a chained beacon. */
export function chainedBeacons(count: number): SignatureCheck[] {
  const secret = secretOf(5);
  const publicKey = bls.publicKey(secret);
  let previous: Uint8Array = new Uint8Array(96).fill(1);
  return Array.from({ length: count }, (_, round) => {
    const signature = bls.sign(beaconMessage("chained", round, previous), secret);
    const check: SignatureCheck = { kind: "beacon", scheme: "chained", publicKey, round, signature, previous };
    previous = signature;
    return check;
  });
}

/** Rounds of a beacon like quicknet. */
export function quicknetBeacons(count: number): SignatureCheck[] {
  const secret = 1234567890123456789012345678901234567890n;
  const publicKey = bls12_381.G2.Point.BASE.multiply(secret).toBytes();
  const DST = new TextEncoder().encode("BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_");
  return Array.from({ length: count }, (_, round) => {
    const signature = bls12_381.G1.hashToCurve(beaconMessage("unchained", round), { DST }).multiply(secret).toBytes();
    return { kind: "beacon", scheme: "unchained", publicKey, round, signature };
  });
}
