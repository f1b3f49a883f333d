import { type Dice, diceOf, itemOf } from "./dice.ts";
import type { History } from "./history.ts";
import type { HistorySize } from "./keyed.ts";

/** A random history of an AMT: either version, many bit widths, indexes up to the last and past it. */
export function amtHistory(seed: number, size: HistorySize = {}): History {
  const dice = diceOf(seed);
  const version = dice.one([0, 3, 3]);
  const bits = version === 0 ? 3 : dice.chance(0.9) ? 1 + dice.below(8) : 9 + dice.below(5);
  const last = version === 0 ? 2n ** 63n - 1n : 2n ** 64n - 2n;
  const fresh = freshIndex(dice, last);
  const steps = Math.max(5, Math.floor((size.steps ?? 300) ** (0.3 + 0.7 * (dice.below(1000) / 1000))));
  const longest = dice.chance(0.2) ? (size.value ?? 1024) : Math.min(12, size.value ?? 12);
  const mode = dice.chance(0.75) ? "every" : "sparse";
  const ends = dice.chance(0.4);
  const held = new Set<bigint>();
  const lines: string[] = [];
  let shrinking = false;
  let emptied = false;
  const known = (): bigint | undefined => (held.size === 0 ? undefined : dice.one([...held]));
  const any = (): bigint => (dice.chance(0.7) ? known() : undefined) ?? fresh();
  while (lines.length < steps) {
    if (dice.chance(0.05)) shrinking = !shrinking;
    if (ends && lines.length > steps * 0.8 - held.size) shrinking = true;
    const action = dice.below(100);
    if (action < (shrinking ? 8 : 56)) {
      const index = dice.chance(0.8) ? fresh() : any();
      lines.push(`set ${index} ${itemOf(dice, longest)}`);
      held.add(index);
    } else if (action < (shrinking ? 72 : 70)) {
      const index = (dice.chance(0.93) ? known() : undefined) ?? fresh();
      lines.push(`del ${index}`);
      if (held.delete(index) && held.size === 0) {
        emptied = true;
        // go-amt-ipld 2.1.0 would else write the lost values into the root too, should that grow links before a flush
        if (version === 0) lines.push("root");
      }
    } else if (action < 74 && version === 3) {
      const strict = held.size > 0 && dice.chance(0.5);
      const all = new Set(Array.from({ length: 1 + dice.below(8) }, () => (strict ? (known() as bigint) : any())));
      lines.push(`delmany ${[...all].join(",")} ${strict ? "strict" : "any"}`);
      for (const index of all) held.delete(index);
    } else if (action < 77) {
      const index = any();
      lines.push(`setnew ${index} ${itemOf(dice, longest)}`);
      held.add(index);
    } else if (action < 78 && dice.chance(0.5)) {
      lines.push(`replace ${1 + dice.below(20)} ${itemOf(dice, longest)}`);
    } else if (action < 81) lines.push(`get ${any()}`);
    else if (action < 86) lines.push(dice.chance(0.3) ? "each" : `each ${any()} ${dice.below(held.size + 3)}`);
    else if (action < 88) lines.push(dice.one(["first", "last"]));
    else if (action < 90) lines.push("count");
    else if (action < 93) lines.push("reload");
    else if (action < 95) lines.push("mark");
    else if (action < 97) lines.push(dice.chance(0.2) ? "pardiff" : "diff");
    else if (action < 98) lines.push(`${dice.one(["set", "get", "del"])} ${2n ** 64n - 1n} 00`);
    else lines.push("root");
  }
  lines.push("each", "count", "diff", "root");
  // a version 0 tree that was emptied keeps its height in Go, as on the chain; the Rust crate starts anew
  return {
    seed,
    start: `amt ${version} ${bits}`,
    mode,
    lines,
    judges: emptied && version === 0 ? ["go"] : ["rust", "go"],
  };
}

function freshIndex(dice: Dice, last: bigint): () => bigint {
  const reach = dice.one([10, 70, 600, 5000]);
  const far = dice.chance(0.5);
  const bases = [0n, last - BigInt(reach), dice.wide(63), dice.wide(40)];
  return () => {
    const base = far && dice.chance(0.4) ? dice.one(bases) : 0n;
    const index = far && dice.chance(0.05) ? dice.wide(64) : base + BigInt(dice.below(reach + 1));
    return index > last ? last : index;
  };
}
