import { sha256 } from "@copse/crypto";
import { HamtError } from "./errors.ts";

/**
 * Node form, by the actors that wrote it. 0 and 2 have pointers as one-key maps, 3 as a link or a list. Buckets are
 * sorted by key, but for version 0, whose deletions leave the order of the slots when a node becomes a bucket.
 */
export type HamtVersion = 0 | 2 | 3;

/** Which form of HAMT is meant. */
export interface HamtOptions {
  /** 0 for actors v0, 2 for actors v2, 3 for all since, and so for the state trees of their times. */
  readonly version: HamtVersion;
  /** Slots of a node are 2 to this power, 1 to 8. Nearly all of the chain has 5, which is the default. */
  readonly bitWidth?: number | undefined;
  /** How a key finds its place; `identity` takes its first 32 bytes, for keys that are hashes already, and tests. */
  readonly hash?: "sha2-256" | "identity" | undefined;
}

/** Entries of a bucket at most. */
export const bucketSize = 3;
const maxBitWidth = 8;
const hashBits = 256;

/** What follows from the options. */
export interface Layout {
  readonly version: HamtVersion;
  readonly bitWidth: number;
  readonly width: number;
  /** Levels until the hash is used up; the last may have fewer bits. */
  readonly maxDepth: number;
  readonly hash: (key: Uint8Array) => Uint8Array;
}

/**
 * The layout of options.
 *
 * @throws {HamtError} `hamt/bit-width-unsupported`
 */
export function layoutOf(options: HamtOptions): Layout {
  const { version, bitWidth = 5, hash = "sha2-256" } = options;
  if (!Number.isInteger(bitWidth) || bitWidth < 1 || bitWidth > maxBitWidth) {
    throw new HamtError("hamt/bit-width-unsupported", { bitWidth, limit: maxBitWidth });
  }
  return {
    version,
    bitWidth,
    width: 2 ** bitWidth,
    maxDepth: Math.ceil(hashBits / bitWidth),
    hash: hash === "identity" ? firstBytes : sha256,
  };
}

function firstBytes(key: Uint8Array): Uint8Array {
  const hash = new Uint8Array(hashBits / 8);
  hash.set(key.subarray(0, hash.length));
  return hash;
}

/**
 * Slot of a hash in its node at `depth`: the next bits, high ones first. Where fewer are left than a level takes, those.
 *
 * @throws {HamtError} `hamt/too-deep`
 * @see ref-fvm:ipld/hamt/src/hash_bits.rs
 */
export function slotAt(layout: Layout, hash: Uint8Array, depth: number): number {
  if (depth >= layout.maxDepth) throw new HamtError("hamt/too-deep", { depth, limit: layout.maxDepth });
  const bit = depth * layout.bitWidth;
  const bits = Math.min(layout.bitWidth, hashBits - bit);
  const at = bit >> 3;
  const window = ((hash[at] as number) << 8) | (hash[at + 1] ?? 0);
  return (window >> (16 - (bit & 7) - bits)) & ((1 << bits) - 1);
}
