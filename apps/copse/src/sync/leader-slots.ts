import type { LinkedTipset } from "@copse/chain";
import { latin1 } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import type { BranchReader } from "./leader-branch.ts";
import type { Strands, ToldTipset } from "./leader-strands.ts";

/** Which heads are looked at, and why the others are not. */
export interface JudgeSlots {
  /** Heads that no other stands on, and that are looked at. */
  readonly tops: readonly ToldTipset[];
  /** These and all that they stand on: heaviest first, as they were told. */
  readonly looked: readonly ToldTipset[];
  /** Whether some head may be a rival that nothing can be held against: for want of room, or of one that serves it. */
  readonly missing: boolean;
}

/** Tellers that make a head count that nobody serves. */
const fewest = 2;

/** Heads that no other stands on. */
export function topsOf(heads: readonly ToldTipset[], strands: Strands): ToldTipset[] {
  const under = new Set<string>();
  for (const { key } of heads) {
    for (const { parents } of strands.chain(key)) under.add(latin1(parents));
  }
  return heads.filter(({ key }) => !under.has(latin1(key)));
}

/**
 * Chooses the heads that are looked at. Those that stand on each other take one slot, else a liar would need no more than
 * tipsets of one fork to fill them; half the slots go by told weight, which costs nothing, the others by how many told.
 */
export function slotsOf(heads: readonly ToldTipset[], strands: Strands, most: number): JudgeSlots {
  const whole = heads.filter(({ key }) => strands.endOf(key).kind !== "broken");
  const served: { readonly top: ToldTipset; readonly under: ReadonlySet<ToldTipset>; readonly tellers: number }[] = [];
  let missing = false;
  for (const top of topsOf(whole, strands)) {
    const keys = new Set([...strands.chain(top.key)].map(({ key }) => latin1(key))).add(latin1(top.key));
    const under = new Set(whole.filter(({ key }) => keys.has(latin1(key))));
    const tellers = new Set([...under].flatMap(({ supporters }) => supporters)).size;
    if (strands.endOf(top.key).kind !== "unserved") served.push({ top, under, tellers });
    else if (tellers >= fewest) missing = true;
  }
  const heaviest = served.slice(0, most / 2);
  const told = served.slice(most / 2).toSorted((a, b) => b.tellers - a.tellers);
  const chosen = [...heaviest, ...told.slice(0, most - heaviest.length)];
  return {
    tops: chosen.map(({ top }) => top),
    looked: whole.filter((head) => chosen.some(({ under }) => under.has(head))),
    missing: missing || chosen.length < served.length,
  };
}

/**
 * Holds two heads' weight against each other where the states speak that both stand on: up to `depth` above the tipset
 * where they part. Further up a fork names states of its own. Power is the same for both there, so weight goes by tipsets
 * and wins.
 *
 * @returns below 0 where `a` has won more, above 0 where `b` has; 0 also where it is not known where they part
 */
export function compareWon(
  a: TipsetKey,
  b: TipsetKey,
  reader: BranchReader,
  depth: (height: number) => number,
): number {
  const left = reader.ancestors(a)[Symbol.iterator]();
  const right = reader.ancestors(b)[Symbol.iterator]();
  const ours: LinkedTipset[] = [];
  const theirs: LinkedTipset[] = [];
  let [x, y] = [left.next(), right.next()];
  for (;;) {
    if (x.done === true || y.done === true) return 0;
    if (TipsetKey.equals(x.value.key, y.value.key)) break;
    if (x.value.height >= y.value.height) {
      ours.push(x.value);
      x = left.next();
    } else {
      theirs.push(y.value);
      y = right.next();
    }
  }
  const parting = x.value.height;
  const won = (tipsets: readonly LinkedTipset[]): number =>
    tipsets
      .filter(({ height }) => height <= parting + depth(parting))
      .reduce((sum, { winCount }) => sum + tipsetShare + winCount, 0);
  return won(theirs) - won(ours);
}

/** What a tipset weighs without wins, in wins: `weightGain` is log2 of power, and a tenth of it for each win. */
const tipsetShare = 10;
