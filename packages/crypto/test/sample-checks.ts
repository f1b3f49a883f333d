import { blake2b160, bls, type SignatureCheck, secp256k1 } from "../src/index.ts";
import { incentinetKey, incentinetRounds, quicknetKey, quicknetRounds } from "./vectors.ts";

/** Bytes of a seeded generator. */
export function bytesOf(random: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** A good check of each kind, and several by one key and over one message. */
export function goodChecks(random: () => number): SignatureCheck[] {
  const secrets = Array.from({ length: 3 }, () => Uint8Array.of(...bytesOf(random, 31), 1)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const messages = Array.from({ length: 3 }, () => bytesOf(random, 38)) as [Uint8Array, Uint8Array, Uint8Array];
  const digest = bytesOf(random, 32);
  const signature = secp256k1.sign(digest, secrets[0]);
  const one = (secret: Uint8Array, message: Uint8Array): SignatureCheck => ({
    kind: "bls",
    publicKey: bls.publicKey(secret),
    message,
    signature: bls.sign(message, secret),
  });
  return [
    one(secrets[0], messages[0]),
    one(secrets[0], messages[1]),
    one(secrets[1], messages[1]),
    one(secrets[2], messages[1]),
    {
      kind: "bls-aggregate",
      publicKeys: secrets.map(bls.publicKey),
      messages,
      signature: bls.aggregate(secrets.map((secret, i) => bls.sign(messages[i] as Uint8Array, secret))),
    },
    { kind: "secp256k1", digest, signature },
    { kind: "secp256k1", digest, signature, publicKey: secp256k1.publicKey(secrets[0]) },
    { kind: "secp256k1", digest, signature, addressHash20: blake2b160(secp256k1.publicKey(secrets[0])) },
    ...incentinetRounds.slice(1).map(
      (entry, i): SignatureCheck => ({
        kind: "beacon",
        scheme: "chained",
        publicKey: incentinetKey,
        ...entry,
        previous: incentinetRounds[i]?.signature,
      }),
    ),
    ...quicknetRounds.map(
      (entry): SignatureCheck => ({ kind: "beacon", scheme: "unchained", publicKey: quicknetKey, ...entry }),
    ),
  ];
}

/** One thing wrong with a check: a byte of its signature, its message, its key, or what it is. */
export function damaged(check: SignatureCheck, random: () => number): SignatureCheck {
  const flip = (bytes: Uint8Array): Uint8Array => {
    const changed = Uint8Array.from(bytes);
    const at = Math.floor(random() * changed.length);
    if (changed.length > 0) changed[at] = (changed[at] as number) ^ (1 << Math.floor(random() * 8));
    return changed;
  };
  const which = Math.floor(random() * 3);
  if (which === 0) return { ...check, signature: flip(check.signature) };
  switch (check.kind) {
    case "bls":
      return which === 1 ? { ...check, message: flip(check.message) } : { ...check, publicKey: flip(check.publicKey) };
    case "bls-aggregate":
      return which === 1
        ? { ...check, messages: check.messages.toReversed() }
        : { ...check, publicKeys: check.publicKeys.slice(1) };
    case "beacon":
      return which === 1 ? { ...check, round: check.round + 1 } : { ...check, publicKey: flip(check.publicKey) };
    case "secp256k1":
      return which === 1
        ? { ...check, addressHash20: new Uint8Array(20) }
        : { ...check, publicKey: new Uint8Array(65) };
  }
}
