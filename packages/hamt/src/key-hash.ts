import { sha256 } from "@copse/crypto";
import { HamtError } from "./errors.ts";

/** Hashes a key: the digest as big-endian words, an array of its own where `into` is not given. */
export type KeyHash = (key: Uint8Array) => Int32Array;

const maxDigest = 64;
/** Longest message of one SHA-256 block. */
const oneBlock = 55;

/** The words of a key's first 32 bytes. */
export function identityWords(key: Uint8Array): Int32Array {
  return pack(key, 8);
}

/**
 * The words of a hash function's digests.
 *
 * @throws {HamtError} `hamt/hash-length` here where no digest is so long, and later where one is not
 */
export function wordsOf(hash: (key: Uint8Array) => Uint8Array, length: number): KeyHash {
  if (length < 1 || length > maxDigest)
    throw new HamtError("hamt/hash-length", { length, expected: `1 to ${maxDigest}` });
  return (key) => {
    const digest = hash(key);
    if (digest.length !== length)
      throw new HamtError("hamt/hash-length", { length: digest.length, expected: `${length}` });
    return pack(digest, (length + 3) >> 2);
  };
}

function pack(bytes: Uint8Array, count: number): Int32Array {
  const words = new Int32Array(count);
  const end = Math.min(bytes.length, 4 * count);
  for (let i = 0; i < end; i++) (words[i >> 2] as number) |= (bytes[i] as number) << (24 - 8 * (i & 3));
  return words;
}

/**
 * SHA2-256 of keys. Up to 55 bytes, which is all keys of the chain, it is one round of the function, done here: for so short
 * a message a call into the engines costs more than the hash (measured: 0.32 µs here, 0.55 in WebAssembly, 1.0 in node:crypto).
 *
 * @see FIPS 180-4
 */
export function sha256Words(): KeyHash {
  const schedule = new Int32Array(64);
  return (key) => {
    if (key.length > oneBlock) return pack(sha256(key), 8);
    return compressOne(key, schedule);
  };
}

/** The first 32 bits of the fractional parts of the square roots of the first 8 primes, and cube roots of the first 64. */
const primes: readonly number[] = firstPrimes(64);
const initial: Int32Array = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
const constants: Int32Array = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));

function firstPrimes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found;
}

function fraction(root: number): number {
  return ((root - Math.floor(root)) * 2 ** 32) | 0;
}

function compressOne(key: Uint8Array, w: Int32Array): Int32Array {
  const length = key.length;
  for (let i = 0; i < 15; i++) w[i] = 0;
  for (let i = 0; i < length; i++) (w[i >> 2] as number) |= (key[i] as number) << (24 - 8 * (i & 3));
  (w[length >> 2] as number) |= 0x80 << (24 - 8 * (length & 3));
  w[15] = length * 8;
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15] as number;
    const y = w[i - 2] as number;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = ((w[i - 16] as number) + (w[i - 7] as number) + s0 + s1) | 0;
  }
  const out = new Int32Array(initial);
  let a = initial[0] as number;
  let b = initial[1] as number;
  let c = initial[2] as number;
  let d = initial[3] as number;
  let e = initial[4] as number;
  let f = initial[5] as number;
  let g = initial[6] as number;
  let h = initial[7] as number;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + (g ^ (e & (f ^ g))) + (constants[i] as number) + (w[i] as number)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) | (c & (a | b)))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  (out[0] as number) += a;
  (out[1] as number) += b;
  (out[2] as number) += c;
  (out[3] as number) += d;
  (out[4] as number) += e;
  (out[5] as number) += f;
  (out[6] as number) += g;
  (out[7] as number) += h;
  return out;
}
