import { cidOf } from "@copse/ipld";
import type { TipsetKey } from "@copse/types";
import { describe, expect, it } from "vitest";
import { TargetSelector, type ToldHead } from "../../src/sync/target.ts";

const keyOf = (name: string): TipsetKey => cidOf(new TextEncoder().encode(name)) as TipsetKey;
const told = (peer: string, name: string, weight: number): ToldHead => ({
  peer,
  key: keyOf(name),
  height: weight,
  weight: BigInt(weight),
});
const nobody = async (): Promise<boolean> => false;

function selectorWith(...heads: ToldHead[]): TargetSelector {
  const selector = new TargetSelector({ needed: 4, support: 2 });
  for (const head of heads) selector.tell(head);
  return selector;
}

describe("a head that proved false", () => {
  const heads = [told("a", "false", 9), told("b", "false", 9), told("c", "true", 5), told("d", "true", 5)];

  it("is no target again, and they that told it are not heard", async () => {
    const selector = selectorWith(...heads);
    expect((await selector.select(nobody))?.key).toEqual(keyOf("false"));
    expect(selector.refuse(keyOf("false"))).toEqual(["a", "b"]);
    selector.tell(told("a", "false", 10));
    selector.tell(told("b", "other", 11));
    expect((await selector.select(nobody))?.key).toEqual(keyOf("true"));
  });

  it("that could not be had comes after all others, and is not given up", async () => {
    const selector = selectorWith(...heads);
    selector.putBack(keyOf("false"));
    expect((await selector.select(nobody))?.key).toEqual(keyOf("true"));
    selector.putBack(keyOf("true"));
    selector.putBack(keyOf("true"));
    expect((await selector.select(nobody))?.key).toEqual(keyOf("false"));
  });
});

describe("vouching", () => {
  it("asks peers side by side, so that one that is silent does not hold up the others' word", async () => {
    const selector = selectorWith(told("a", "x", 9), told("b", "y", 1), told("c", "y", 1), told("d", "y", 1));
    let asked = 0;
    const target = await selector.select(async (peer) => {
      asked++;
      await Promise.resolve();
      return peer === "d";
    });
    expect(asked).toBe(3);
    expect(target).toMatchObject({ key: keyOf("x"), supporters: ["a", "d"] });
  });

  it("supports a tipset where as many peers as a head needs serve it", async () => {
    const selector = selectorWith();
    const serves = async (peer: string): Promise<boolean> => peer !== "silent";
    expect(await selector.isSupported(keyOf("x"), ["a"], serves)).toBe(false);
    expect(await selector.isSupported(keyOf("x"), ["a", "silent"], serves)).toBe(false);
    expect(await selector.isSupported(keyOf("x"), ["a", "silent", "b"], serves)).toBe(true);
  });
});
