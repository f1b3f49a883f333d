import { sha256 } from "@copse/crypto";
import { HamtError } from "./errors.ts";

/** Hashes a key: always as many bytes. The result may be a key's own bytes, and is not to be changed. */
export type KeyHash = (key: Uint8Array) => Uint8Array;

/** SHA2-256, by the current engine. */
export const sha256Hash: KeyHash = (key) => sha256(key);

const identityLength = 32;
const maxLength = 64;

/** A key's first 32 bytes, filled up with zeros. */
export const identityHash: KeyHash = (key) => {
  const hash = new Uint8Array(identityLength);
  for (let i = 0; i < key.length && i < identityLength; i++) hash[i] = key[i] as number;
  return hash;
};

/**
 * A user's hash function, whose digests are to be of one length.
 *
 * @throws {HamtError} `hamt/hash-length` here where no digest is so long, and later where one is not
 */
export function checkedHash(hash: KeyHash, length: number): KeyHash {
  if (length < 1 || length > maxLength) {
    throw new HamtError("hamt/hash-length", { length, expected: `1 to ${maxLength}` });
  }
  return (key) => {
    const digest = hash(key);
    if (digest.length === length) return digest;
    throw new HamtError("hamt/hash-length", { length: digest.length, expected: `${length}` });
  };
}
