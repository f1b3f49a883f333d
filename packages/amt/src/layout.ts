import { AmtError } from "./errors.ts";

/** Root form: 0 is `[height, count, node]` of width 8, 3 is `[bitWidth, height, count, node]`. */
export type AmtVersion = 0 | 3;

/** Which form of AMT is meant. */
export interface AmtOptions {
  /** 0 for message and receipt lists of every age and actors v0 to v2; 3 for actors from v3 on and events. */
  readonly version: AmtVersion;
  /** Slots of a node are 2 to this power. Version 0 knows 3 only. A new tree has 3; a root read has what it says. */
  readonly bitWidth?: number | undefined;
}

/**
 * Largest bit width: a bitmap of 32 KiB. Rust knows no limit, the Go decoder reads bitmaps of 2 MiB (24), but whoever walks
 * or flushes a node passes over all its slots: 0.1 s for a block of 32 KiB with hardly a value in it, 7 s for one of 2 MiB.
 * No tree of the chain is wider than 8.
 */
export const maxBitWidth = 18;

/** What follows from version and bit width. */
export interface Layout {
  readonly version: AmtVersion;
  readonly bitWidth: number;
  readonly width: number;
  /** The bits of a slot's number. */
  readonly mask: number;
  /** Bytes of a node's bitmap. */
  readonly bitmapLength: number;
  readonly maxHeight: number;
  /** The largest index: 2^64 - 2 for version 3, as its count must fit 64 bits; 2^63 - 1 for version 0. */
  readonly maxIndex: bigint;
}

/** An index: a number below 2^53, a bigint above. */
export type Index = number | bigint;

/**
 * The layout of a version.
 *
 * @throws {AmtError} `amt/bit-width-unsupported`
 * @see go-amt-ipld:v2.1.0 amt.go, go-amt-ipld:amt.go LoadAMT
 */
export function layoutOf(version: AmtVersion, bitWidth = 3): Layout {
  const limit = version === 0 ? 3 : maxBitWidth;
  if (!Number.isInteger(bitWidth) || bitWidth < (version === 0 ? 3 : 1) || bitWidth > limit) {
    throw new AmtError("amt/bit-width-unsupported", { bitWidth, limit });
  }
  return {
    version,
    bitWidth,
    width: 2 ** bitWidth,
    mask: 2 ** bitWidth - 1,
    bitmapLength: Math.max(1, 2 ** (bitWidth - 3)),
    maxHeight: version === 0 ? 20 : Math.ceil(64 / bitWidth) - 1,
    maxIndex: version === 0 ? 2n ** 63n - 1n : 2n ** 64n - 2n,
  };
}

/**
 * Checks an index and makes it a number where it fits.
 *
 * @throws {AmtError} `amt/index-malformed`, `amt/index-too-large`
 */
export function indexOf(layout: Layout, index: Index): Index {
  if (typeof index === "number") {
    if (!Number.isSafeInteger(index) || index < 0) throw new AmtError("amt/index-malformed", { index });
    return index;
  }
  if (index < 0n) throw new AmtError("amt/index-malformed", { index });
  if (index > layout.maxIndex) throw new AmtError("amt/index-too-large", { index, limit: layout.maxIndex });
  return index <= Number.MAX_SAFE_INTEGER ? Number(index) : index;
}

// From here on an index is two 32-bit halves, so that no step down a tree meets a bigint or a fraction.

/** The upper 32 bits of a checked index, as the bits of an integer. */
export function highOf(index: Index): number {
  if (typeof index === "bigint") return Number(index >> 32n) | 0;
  return index <= 0x7fffffff ? 0 : (index / 0x100000000) | 0;
}

/** The lower 32 bits of a checked index, as the bits of an integer. */
export function lowOf(index: Index): number {
  return typeof index === "bigint" ? Number(index & 0xffffffffn) | 0 : index | 0;
}

/** Slot of an index in its node at `height`. */
export function slotAt(layout: Layout, high: number, low: number, height: number): number {
  const shift = layout.bitWidth * height;
  if (shift === 0) return low & layout.mask;
  if (shift >= 32) return (high >>> (shift - 32)) & layout.mask;
  return ((low >>> shift) | (high << (32 - shift))) & layout.mask;
}

/** Whether a tree of `height` has a place for the index. */
export function fits(layout: Layout, high: number, low: number, height: number): boolean {
  const bits = layout.bitWidth * (height + 1);
  if (bits < 32) return high === 0 && low >>> bits === 0;
  return bits >= 64 || high >>> (bits - 32) === 0;
}

/** The upper half of the first index below `slot` of a node at `height` whose own first index has the half `high`. */
export function highBelow(layout: Layout, high: number, slot: number, height: number): number {
  const shift = layout.bitWidth * height;
  if (shift >= 32) {
    if (shift + layout.bitWidth > 64 && slot >>> (64 - shift) !== 0) {
      // the top node of a tree for 64-bit indexes has more slots than they reach; only a hostile tree has something there
      const index = BigInt(slot) << BigInt(shift);
      throw new AmtError("amt/index-too-large", { index, limit: layout.maxIndex });
    }
    return high | (slot << (shift - 32));
  }
  return shift === 0 ? high : high | (slot >>> (32 - shift));
}

/** As {@link highBelow}, for the lower half. */
export function lowBelow(layout: Layout, low: number, slot: number, height: number): number {
  const shift = layout.bitWidth * height;
  return shift >= 32 ? low : low | (slot << shift);
}

/** Whether an index with this upper half is a number below 2^53. */
export const isSafe = (high: number): boolean => high >>> 21 === 0;

/** The number of a safe index. */
export const numberAt = (high: number, low: number): number =>
  high === 0 ? low >>> 0 : (high >>> 0) * 0x100000000 + (low >>> 0);

/**
 * An index from its halves.
 *
 * @throws {AmtError} `amt/index-too-large`: only a hostile tree has such a value
 */
export function indexAt(layout: Layout, high: number, low: number): bigint {
  if (isSafe(high)) return BigInt(numberAt(high, low));
  const index = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  if (index > layout.maxIndex) throw new AmtError("amt/index-too-large", { index, limit: layout.maxIndex });
  return index;
}

/** How many values a tree of `height` has places for: at most 2^64 - 1, where its count ends. */
export function capacity(layout: Layout, height: number): bigint {
  const bits = layout.bitWidth * (height + 1);
  return bits >= 64 ? 2n ** 64n - 1n : 1n << BigInt(bits);
}
