import type { Fetching } from "@copse/ipld";
import { AmtError } from "./errors.ts";
import { highOf, type Index, indexOf, lowOf } from "./layout.ts";
import type { Trunk } from "./trunk.ts";

/** A value on its way into a tree. */
interface Pending {
  readonly high: number;
  readonly low: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * Puts many values, or, where anything fails, none: all that can fail is done before the first change.
 *
 * @throws {AmtError} as `Amt.set`
 */
export function* setAll<V>(
  trunk: Trunk<V>,
  entries: Iterable<readonly [index: number | bigint, value: V]>,
): Fetching<void> {
  const { layout, arena } = trunk;
  const pending: Pending[] = [];
  for (const [index, value] of entries) {
    const at = indexOf(layout, index);
    arena.encode(trunk.codec, value);
    const { bytes, start, end } = arena;
    pending.push({ high: highOf(at), low: lowOf(at), bytes, start, end });
  }
  let added = 0;
  for (const { high, low } of pending) if (!(yield* reach(trunk, high, low))) added++;
  trunk.expectCount(added);
  for (const { high, low, bytes, start, end } of pending) trunk.put(high, low, bytes, start, end);
}

/**
 * Takes many values away, or, where anything fails, none; how many there were.
 *
 * @throws {AmtError} `amt/index-missing` where `strict`, and as `Amt.delete`
 */
export function* deleteAll<V>(trunk: Trunk<V>, indexes: Iterable<number | bigint>, strict: boolean): Fetching<number> {
  const { layout } = trunk;
  const sorted = Array.from(indexes, (index) => indexOf(layout, index)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const found: Index[] = [];
  let last: Index | undefined;
  for (const index of sorted) {
    // an index named twice is missing the second time, as in the references
    if (index !== last && (yield* reach(trunk, highOf(index), lowOf(index)))) found.push(index);
    else if (strict) throw new AmtError("amt/index-missing", { index: BigInt(index) });
    last = index;
  }
  trunk.expectCount(-found.length);
  const halves = found.map((index) => ({ high: highOf(index), low: lowOf(index) }));
  for (let gap = trunk.heirless(halves); gap !== undefined; gap = trunk.heirless(halves)) {
    trunk.fill(gap, yield gap.cid);
  }
  for (const { high, low } of halves) trunk.remove(high, low);
  return found.length;
}

/** Loads what is on the way to an index; whether a value is there. */
function* reach<V>(trunk: Trunk<V>, high: number, low: number): Fetching<boolean> {
  let leaf = trunk.find(high, low);
  for (let gap = trunk.gap; gap !== undefined; gap = trunk.gap) {
    trunk.fill(gap, yield gap.cid);
    leaf = trunk.find(high, low);
  }
  return leaf?.has(low & trunk.layout.mask) ?? false;
}
