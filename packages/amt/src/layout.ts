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

/** Largest bit width: past 13 a full node is longer than the 8192 items that the Go decoder reads. */
export const maxBitWidth = 13;

/** What follows from version and bit width. */
export interface Layout {
  readonly version: AmtVersion;
  readonly bitWidth: number;
  readonly width: number;
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

/** Slot of an index in its node at `height`. */
export function slotAt(layout: Layout, index: Index, height: number): number {
  const shift = layout.bitWidth * height;
  if (typeof index === "bigint") return Number((index >> BigInt(shift)) & BigInt(layout.width - 1));
  if (index <= 0x7fffffff) return shift > 30 ? 0 : (index >> shift) & (layout.width - 1);
  return Math.floor(index / 2 ** shift) % layout.width; // a power of two divides exactly
}

/** Whether a tree of `height` has a place for the index. */
export function fits(layout: Layout, index: Index, height: number): boolean {
  const bits = layout.bitWidth * (height + 1);
  if (typeof index === "number") return index < 2 ** bits;
  return bits >= 64 || index >> BigInt(bits) === 0n;
}

/** How many values a tree of `height` has places for: at most 2^64 - 1, where its count ends. */
export function capacity(layout: Layout, height: number): bigint {
  const bits = layout.bitWidth * (height + 1);
  return bits >= 64 ? 2n ** 64n - 1n : 1n << BigInt(bits);
}
