import { type CidBytes, chainCidLength, isChainCid, readCid } from "@copse/ipld";

/** An unsigned 64-bit integer in two halves: the hot path of look-ups has no `bigint`. */
export interface U64 {
  readonly high: number;
  readonly low: number;
}

/**
 * The 64 bits that a `.forest.car.zst` finds a CID by: codec, hash function and the digest's whole 8-byte words, XORed;
 * less one, but not below zero. Never 2^64 - 1. Trivial to make collide, so it only names candidates.
 *
 * @throws {CidError} `cid/malformed`
 * @see forest:src/db/car/forest/index/hash.rs
 */
export function forestHash(cid: CidBytes): U64 {
  let high: number;
  let low: number;
  let digest: Uint8Array;
  if (cid.length === chainCidLength && isChainCid(cid)) {
    high = 0;
    low = 0x71 ^ 0xb220;
    digest = cid.subarray(6);
  } else {
    const parts = readCid(cid);
    digest = parts.digest;
    high = Math.floor(parts.codec / 2 ** 32) ^ Math.floor(parts.hash / 2 ** 32);
    low = parts.codec ^ parts.hash;
  }
  for (let at = 0; at + 8 <= digest.length; at += 8) {
    low ^= word(digest, at);
    high ^= word(digest, at + 4);
  }
  if (low !== 0) return { high: high >>> 0, low: (low >>> 0) - 1 };
  return high === 0 ? { high: 0, low: 0 } : { high: (high >>> 0) - 1, low: 0xffffffff };
}

function word(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
  return low | ((bytes[at + 3] as number) << 24);
}

/**
 * Where a hash would lie in a table of `buckets`: `hash * buckets / 2^64`, rounded down.
 *
 * @param buckets at most 2^32
 */
export function idealSlot(high: number, low: number, buckets: number): number {
  // 96 bits in pieces that a double holds exactly: a piece is below 2^16 * 2^32.
  const bucketsHigh = Math.floor(buckets / 65536);
  const bucketsLow = buckets % 65536;
  const carry = Math.floor((low * bucketsHigh + Math.floor((low * bucketsLow) / 65536)) / 65536);
  const upper = high * bucketsHigh;
  const lower = high * bucketsLow + carry;
  return Math.floor((upper + Math.floor(lower / 65536)) / 65536);
}
