import { formatGas } from "./trace-text.ts";

/** Amounts of milligas that one thing done wrong comes to, the rarest first, and what that is. */
const causes: readonly (readonly [number, string])[] = [
  [2_700_000_000, "an actor was or was not made with an address"],
  [650_000_000, "an actor was or was not made"],
  [500_000_000, "an actor's first look-up: preloaded actors, sender and receiver, calls that were reverted"],
  [475_000_000, "an actor's first update: preloaded actors, sender and receiver, calls that were reverted"],
  [471_859_200, "wasm_memory_init of 18 pages, or charged in FVM 2"],
  [445_644_800, "wasm_memory_init of 17 pages, or charged in FVM 2"],
  [89_700_000, "the 69 bytes of a signature in OnChainMessage"],
  [75_000_000, "a method invoked, or a lookback in epochs"],
  [26_214_400, "a page of memory"],
  [14_000_000, "a host call, debug.* too"],
  [1_301_000, "the size of a block that is linked, in FVM 2"],
  [1_300_000, "the size of a message or of what it returns"],
  [400_000, "a link that is scanned"],
  [300_000, "a link that is tracked or checked"],
  [52_000, "a thunk of the stack limiter"],
  [48_000, "the stack limiter around a call"],
  [35_000, "a field of CBOR that is scanned"],
  [4_000, "an operator's price, or where a block of operators ends"],
  [400, "a byte copied or filled"],
];

/** A multiple past this says little. */
const mostTimes = 400;

/**
 * What a difference between the gas that was used and the gas that was expected may come from, the likeliest first: hints,
 * for people. None when nothing is known to come to so much.
 *
 * @see ref-fvm:fvm/src/gas/price_list.rs
 * @example
 * gasDifferenceCauses(28_000_000)[0] // => "2 x 14000: a host call, debug.* too"
 */
export function gasDifferenceCauses(milligas: number): string[] {
  const size = Math.abs(milligas);
  if (size === 0) return [];
  if (size % 400 !== 0 && size < 1_000_000) return ["rounding before the end"];
  return causes
    .map(([unit, cause]) => ({ unit, cause, times: size / unit }))
    .filter(({ times }) => Number.isInteger(times) && times <= mostTimes)
    .map(({ unit, cause, times }) => `${times} x ${formatGas(unit)}: ${cause}`);
}
