import { HamtError } from "./errors.ts";
import { checkedHash, identityHash, type KeyHash, sha256Hash } from "./key-hash.ts";
import type { KeyCodec } from "./keys.ts";

/**
 * Node form, by the actors that wrote it. 0 and 2 have pointers as one-key maps, 3 as a link or a list. Buckets are
 * sorted by key, but for version 0, whose deletions leave the order of the slots when a node becomes a bucket.
 */
export type HamtVersion = 0 | 2 | 3;

/**
 * A hash function of one's own: the same digest for the same key, always of one length, 1 to 64 bytes. The key must not be
 * kept or changed.
 */
export type HamtHash = (key: Uint8Array) => Uint8Array;

/** Which form of HAMT is meant. A tree must be read with the options it was written with: its blocks do not tell them. */
export interface HamtOptions {
  /** 0 for actors v0, 2 for actors v2, 3 for all since, and so for the state trees of their times. */
  readonly version: HamtVersion;
  /** Slots of a node are 2 to this power, 1 to 8. Nearly all of the chain has 5, which is the default. */
  readonly bitWidth?: number | undefined;
  /**
   * How a key finds its place. Default: `sha2-256`, as everywhere on the chain. `identity` takes a key's first 32 bytes,
   * filled up with zeros, for keys that are hashes already, and tests.
   */
  readonly hash?: "sha2-256" | "identity" | HamtHash | undefined;
  /** Entries of a bucket at most, 1 to 23. Everywhere on the chain 3, which is the default. */
  readonly bucketSize?: number | undefined;
  /** Depth of the highest nodes that may hold entries; those above hold links only. Default: 0, as on the chain. */
  readonly minDataDepth?: number | undefined;
  /**
   * Nodes that are kept in memory after they were read, at most; the most recently used stay. Changed nodes are kept
   * until they are flushed, whatever their number. Default: no limit.
   */
  readonly cachedNodes?: number | undefined;
}

/** The same, with keys of a type of one's own. */
export interface KeyedHamtOptions<K> extends HamtOptions {
  /** How keys stand as bytes. */
  readonly keys: KeyCodec<K>;
}

/** Entries of a bucket at most, where the options say nothing else. */
export const bucketSize = 3;
const maxBucketSize = 23;
const maxBitWidth = 8;

/** What follows from the options. */
export interface Layout {
  readonly version: HamtVersion;
  readonly bitWidth: number;
  /** Slots of a node. */
  readonly width: number;
  /** Bits of a key's hash. */
  readonly hashBits: number;
  /** Levels until the hash is used up; the last may have fewer bits. */
  readonly maxDepth: number;
  readonly hash: KeyHash;
  /** The hash function as the options name it: whether two trees have the same. */
  readonly hashName: "sha2-256" | "identity" | HamtHash;
  readonly bucketSize: number;
  readonly minDataDepth: number;
  readonly cachedNodes: number;
  /** Bytes before a pointer's link or list: the one-key map of versions before 3. */
  readonly prefix: 0 | 3;
}

/**
 * The layout of options.
 *
 * @throws {HamtError} `hamt/bit-width-unsupported`, `hamt/option-out-of-range`, `hamt/hash-length`
 */
export function layoutOf(options: HamtOptions): Layout {
  const {
    version,
    bitWidth = 5,
    hash = "sha2-256",
    minDataDepth = 0,
    cachedNodes = Number.POSITIVE_INFINITY,
  } = options;
  if (!Number.isInteger(bitWidth) || bitWidth < 1 || bitWidth > maxBitWidth) {
    throw new HamtError("hamt/bit-width-unsupported", { bitWidth, limit: maxBitWidth });
  }
  const size = options.bucketSize ?? bucketSize;
  inRange("bucketSize", size, 1, maxBucketSize);
  const { run, bits } = keyHash(hash);
  const maxDepth = Math.ceil(bits / bitWidth);
  inRange("minDataDepth", minDataDepth, 0, maxDepth - 1);
  if (cachedNodes !== Number.POSITIVE_INFINITY) inRange("cachedNodes", cachedNodes, 0, Number.MAX_SAFE_INTEGER);
  return {
    version,
    bitWidth,
    width: 2 ** bitWidth,
    hashBits: bits,
    maxDepth,
    hash: run,
    hashName: hash,
    bucketSize: size,
    minDataDepth,
    cachedNodes,
    prefix: version === 3 ? 0 : 3,
  };
}

function inRange(option: string, value: number, least: number, limit: number): void {
  if (Number.isInteger(value) && value >= least && value <= limit) return;
  throw new HamtError("hamt/option-out-of-range", { option, value, least, limit });
}

function keyHash(hash: "sha2-256" | "identity" | HamtHash): { run: KeyHash; bits: number } {
  if (hash === "sha2-256") return { run: sha256Hash, bits: 256 };
  if (hash === "identity") return { run: identityHash, bits: 256 };
  const { length } = hash(new Uint8Array(0));
  return { run: checkedHash(hash, length), bits: 8 * length };
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
  const at = bit >> 3;
  const bits = Math.min(layout.bitWidth, layout.hashBits - bit);
  const window = ((hash[at] as number) << 8) | (at + 1 < hash.length ? (hash[at + 1] as number) : 0);
  return (window >> (16 - (bit & 7) - bits)) & ((1 << bits) - 1);
}
