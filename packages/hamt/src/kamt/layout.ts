import type { CborReader, Codec } from "@copse/ipld";
import { compareBytes } from "@copse/primitives";
import { KamtError } from "./errors.ts";

/** A codec that a tree can check a node's values with, without making them. */
export interface KamtCodec<T> extends Codec<T> {
  /**
   * Passes over one value and refuses what `decode` refuses; where it is left out, `decode` does that.
   *
   * @returns whether the bytes are those that `encode` would write. If not, they are written anew with their node.
   */
  check?(reader: CborReader): boolean;
}

/**
 * What a tree must know of its keys: how they stand in CBOR, and the bits that place them.
 *
 * @example
 * const keys: KamtKeys<Uint8Array> = { ...bytesCodec, hash: (key) => key };
 */
export interface KamtKeys<K> extends KamtCodec<K> {
  /** The bits of a key, high ones first. Shape: as many bytes as `hashSize` says, which stay as they are. */
  hash(key: K): Uint8Array;
  /** Order of the keys within a bucket; equal keys give 0. By hash where it is left out. */
  compare?(a: K, b: K): number;
}

/** Which form of KAMT is meant. @see ref-fvm:ipld/kamt/src/lib.rs `Config` */
export interface KamtOptions<K> {
  readonly keys: KamtKeys<K>;
  /** Slots of a node are 2 to this power, 1 to 8. */
  readonly bitWidth: number;
  /** Levels from the root that hold links only; 0, the default, lets the root hold values. */
  readonly minDataDepth?: number | undefined;
  /** Entries of a bucket at most; 3 by default. */
  readonly maxArrayWidth?: number | undefined;
  /** Size of a key's hash in bytes; 32 by default. */
  readonly hashSize?: number | undefined;
}

/** What follows from the options. */
export interface Layout<K, V = unknown> {
  readonly keys: KamtKeys<K>;
  readonly values: KamtCodec<V>;
  readonly compare: (a: K, b: K) => number;
  readonly bitWidth: number;
  readonly width: number;
  readonly minDataDepth: number;
  readonly maxArrayWidth: number;
  readonly hashBits: number;
}

/**
 * The layout of options.
 *
 * @throws {KamtError} `kamt/option-out-of-range`
 */
export function layoutOf<V, K>(values: KamtCodec<V>, options: KamtOptions<K>): Layout<K, V> {
  const { keys, bitWidth, minDataDepth = 0, maxArrayWidth = 3, hashSize = 32 } = options;
  assertWithin("bitWidth", bitWidth, 1, 8);
  assertWithin("minDataDepth", minDataDepth, 0, 2 ** 32 - 1);
  assertWithin("maxArrayWidth", maxArrayWidth, 1, 2 ** 32 - 1);
  assertWithin("hashSize", hashSize, 1, 128);
  return {
    keys,
    values,
    compare: keys.compare?.bind(keys) ?? ((a, b) => compareBytes(keys.hash(a), keys.hash(b))),
    bitWidth,
    width: 2 ** bitWidth,
    minDataDepth,
    maxArrayWidth,
    hashBits: hashSize * 8,
  };
}

function assertWithin(option: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new KamtError("kamt/option-out-of-range", { option, value, least, most });
}

/** A key's bits. @throws {KamtError} `kamt/hash-length` */
export function hashOf<K>(layout: Layout<K>, key: K): Uint8Array {
  const hash = layout.keys.hash(key);
  if (hash.length * 8 !== layout.hashBits) {
    throw new KamtError("kamt/hash-length", { length: hash.length, expected: layout.hashBits / 8 });
  }
  return hash;
}
