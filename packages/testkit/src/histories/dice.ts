import { seeded } from "../mutate.ts";

/** Random choices that a seed decides. */
export interface Dice {
  /** An integer from 0 up to, not with, `limit`. */
  below(limit: number): number;
  /** True in `share` of all cases. */
  chance(share: number): boolean;
  /** One of a list that holds any. */
  one<T>(list: readonly T[]): T;
  bytes(length: number): Uint8Array;
  /** An integer of up to `bits` bits, 64 at most, mostly near a power of two below. */
  wide(bits: number): bigint;
}

/** The dice of a seed. Neighbouring seeds have nothing in common. */
export function diceOf(seed: number): Dice {
  const random = seeded(Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995);
  const below = (limit: number): number => Math.floor(random() * limit);
  return {
    below,
    chance: (share) => random() < share,
    one: (list) => list[below(list.length)] as (typeof list)[number],
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
    wide: (bits) => {
      const used = below(bits + 1);
      let value = 0n;
      for (let i = 0; i < used; i += 16) value = (value << 16n) | BigInt(below(65536));
      return value & ((1n << BigInt(used)) - 1n);
    },
  };
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** A DAG-CBOR item in hex: a number, text, bytes, null, a flag or a list, of at most about `longest` bytes. */
export function itemOf(dice: Dice, longest: number): string {
  const kind = dice.below(20);
  if (kind < 9) return head(0, dice.chance(0.8) ? BigInt(dice.below(30)) : dice.wide(64));
  if (kind < 10) return head(1, dice.wide(63));
  if (kind < 11) return dice.one(["f6", "f4", "f5", "80", "a0", "40", "60"]);
  if (kind < 13) {
    const text = `text ${dice.below(1000)}`.repeat(1 + dice.below(3));
    return head(3, BigInt(text.length)) + hexOf(new TextEncoder().encode(text));
  }
  if (kind < 14) return `82${itemOf(dice, longest / 2)}${head(0, BigInt(dice.below(300)))}`;
  if (kind < 15) return `d82a582700${hexOf(Uint8Array.of(1, 0x71, 0xa0, 0xe4, 2, 32))}${hexOf(dice.bytes(32))}`;
  const length = Math.floor(2 ** ((dice.below(1000) / 1000) * Math.log2(longest + 1))) - 1;
  return head(2, BigInt(length)) + hexOf(dice.bytes(length));
}

function head(major: number, value: bigint): string {
  const first = (info: number): string => ((major << 5) | info).toString(16).padStart(2, "0");
  if (value < 24n) return first(Number(value));
  const size = value < 0x100n ? 0 : value < 0x10000n ? 1 : value < 0x100000000n ? 2 : 3;
  return first(24 + size) + value.toString(16).padStart(2 << size, "0");
}
