import type { LinkedTipset } from "@copse/chain";
import { cidOf } from "@copse/ipld";
import { utf8 } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { describe, expect, it } from "vitest";
import type { BranchReader } from "../../src/sync/leader-branch.ts";
import { compareWon } from "../../src/sync/leader-slots.ts";

const keyOf = (name: string): TipsetKey => cidOf(utf8(name)) as TipsetKey;
const known = new Map<string, LinkedTipset>();

/** A branch on a tipset: the heights of its tipsets, all with as many wins. @returns its head */
function branch(name: string, on: TipsetKey, heights: readonly number[], winCount: number): TipsetKey {
  let parents = on;
  for (const height of heights) {
    const key = keyOf(`${name} ${height}`);
    known.set(TipsetKey.key(key), { key, parents, height, winCount } as LinkedTipset);
    parents = key;
  }
  return parents;
}

const reader = {
  *ancestors(key: TipsetKey) {
    for (let at = known.get(TipsetKey.key(key)); at !== undefined; at = known.get(TipsetKey.key(at.parents))) yield at;
  },
} as BranchReader;
const upwards = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const stem = branch("stem", keyOf("genesis"), upwards(0, 30), 5);
const compare = (a: TipsetKey, b: TipsetKey): number => compareWon(a, b, reader, () => 900);

describe("what heads won where the states speak that they share", () => {
  it("leaves out all that a fork won by states of its own, however much", () => {
    const honest = branch("honest", stem, upwards(31, 960), 1);
    // one block that was really won, null rounds until its own state is looked up, then all wins there are
    const fork = branch("fork", stem, [31, ...upwards(931, 1500)], 1000);
    expect(compare(honest, fork)).toBeLessThan(0);
    expect(compare(fork, honest)).toBeGreaterThan(0);
  });

  it("counts tipsets and wins", () => {
    const fewer = branch("fewer", stem, [31, 32], 5);
    const more = branch("more", stem, [31, 32], 6);
    const longer = branch("longer", stem, [31, 32, 33], 5);
    expect(compare(more, fewer)).toBeLessThan(0);
    expect(compare(longer, more)).toBeLessThan(0);
    expect(compare(more, more)).toBe(0);
  });

  it("reaches the block at the lookback, and none above", () => {
    const at = branch("at", stem, [930], 1);
    const above = branch("above", stem, [931], 1);
    expect(compare(at, above)).toBeLessThan(0);
    expect(compare(above, stem)).toBe(0);
  });

  it("says nothing where it is not known where they part", () => {
    expect(compare(branch("loose", keyOf("nowhere"), [40], 1), stem)).toBe(0);
  });
});
