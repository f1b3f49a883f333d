import { BlockError } from "@copse/chain/validate";
import { type CidBytes, cidOf, toCid } from "@copse/ipld";
import { utf8 } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HeadVerdict } from "../../src/sync/leader-judge.ts";
import { type JudgeCandidates, TargetSelector, type ToldHead, targetRules } from "../../src/sync/target.ts";

const keyOf = (name: string): TipsetKey => TipsetKey.fromCids([toCid(cidOf(utf8(name)) as CidBytes)]);
const told = (peer: string, name: string, weight: bigint | number, height = 10): ToldHead => ({
  peer,
  key: keyOf(name),
  height,
  weight: BigInt(weight),
});
const nobody = async (): Promise<boolean> => false;
const peers: string[] = ["a", "b", "c", "d", "e"];
const several = { needed: 4, support: 2 };

function selectorWith(...heads: ToldHead[]): TargetSelector {
  const selector = new TargetSelector(several);
  for (const head of heads) selector.tell(head);
  return selector;
}

describe("targetRules", () => {
  it("wants the network's threshold with bootstrapping, else the peers that were named, four at most", () => {
    expect(targetRules({ threshold: 4, named: 0, bootstrap: true })).toEqual({ needed: 4, support: 2 });
    expect(targetRules({ threshold: 1, named: 3, bootstrap: true })).toEqual({ needed: 1, support: 1 });
    expect(targetRules({ threshold: 4, named: 1, bootstrap: false })).toEqual({ needed: 1, support: 1 });
    expect(targetRules({ threshold: 4, named: 2, bootstrap: false })).toEqual({ needed: 2, support: 2 });
    expect(targetRules({ threshold: 4, named: 9, bootstrap: false })).toEqual({ needed: 4, support: 2 });
    expect(targetRules({ threshold: 4, named: 0, bootstrap: false })).toEqual({ needed: 1, support: 1 });
  });

  it("never takes one peer's word where there are several", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 50 }), fc.nat(50), fc.boolean(), (threshold, named, bootstrap) => {
        const { needed, support } = targetRules({ threshold, named, bootstrap });
        expect(support).toBe(needed >= 2 ? 2 : 1);
        if (bootstrap || named >= 2) expect(support).toBe(2);
      }),
    );
  });
});

describe("TargetSelector", () => {
  it("refuses a head that was passed on, from whomever, and listens on to them that did", () => {
    const passedOn = { ...told("a", "false", 9), isPassedOn: true };
    const selector = selectorWith(passedOn, told("b", "false", 9), told("c", "true", 5));
    expect(selector.refuse(keyOf("false"))).toEqual(["b"]);
    expect(selector.told).toBe(1);
    for (const peer of ["a", "d"]) selector.tell({ ...passedOn, peer }); // it comes again
    expect(selector.told).toBe(1);
    selector.tell(told("a", "true", 5));
    selector.tell(told("b", "true", 5));
    expect(selector.told).toBe(2); // not the one that told it as its own
  });

  it("is ready when enough have spoken, and with fewer when patience is spent", () => {
    const selector = selectorWith(told("a", "x", 1));
    expect([selector.ready(false), selector.ready(true)]).toEqual([false, false]);
    selector.tell(told("b", "x", 1));
    expect([selector.ready(false), selector.ready(true)]).toEqual([false, true]);
    selector.tell(told("c", "x", 1));
    selector.tell(told("c", "y", 2)); // one peer, however often it speaks
    expect(selector.told).toBe(3);
    expect(selector.ready(false)).toBe(false);
    selector.tell(told("d", "z", 1));
    expect(selector.ready(false)).toBe(true);
  });

  it("takes the heaviest head that enough peers told", async () => {
    const selector = selectorWith(told("a", "x", 5), told("b", "x", 5), told("c", "y", 9), told("d", "y", 9));
    expect(await selector.select(nobody)).toMatchObject({
      key: keyOf("y"),
      height: 10,
      supporters: ["c", "d"],
      judged: false,
    });
  });

  it("never takes one peer's word, whatever weight it tells", async () => {
    const selector = selectorWith(told("liar", "huge", 10n ** 30n, 9e9), told("a", "x", 5), told("b", "x", 5));
    const asked: string[] = [];
    const target = await selector.select(async (peer, key) => {
      expect(TipsetKey.equals(key, keyOf("huge"))).toBe(true);
      asked.push(peer);
      return false;
    });
    expect(target).toMatchObject({ key: keyOf("x"), supporters: ["a", "b"] });
    expect(asked.sort()).toEqual(["a", "b"]); // it costs a question each, and no more
  });

  it("takes a head one peer told when others can serve it", async () => {
    const selector = selectorWith(told("a", "new", 6), told("b", "old", 5), told("c", "old", 5));
    const target = await selector.select(async (peer) => peer === "c");
    expect(target?.key).toEqual(keyOf("new"));
    expect(target?.supporters).toEqual(["a", "c"]);
  });

  it("has no target when nobody stands behind any head", async () => {
    expect(await selectorWith(told("a", "x", 1), told("b", "y", 2), told("c", "z", 3)).select(nobody)).toBeUndefined();
    expect(await new TargetSelector(several).select(nobody)).toBeUndefined();
  });

  it("goes by height where weights are equal, then by support", async () => {
    const higher = selectorWith(
      told("a", "x", 5, 10),
      told("b", "x", 5, 10),
      told("c", "y", 5, 11),
      told("d", "y", 5, 11),
    );
    expect((await higher.select(nobody))?.key).toEqual(keyOf("y"));
    const more = selectorWith(told("a", "x", 5), told("b", "y", 5), told("c", "y", 5));
    expect((await more.select(async () => true))?.key).toEqual(keyOf("y"));
  });

  it("counts only a peer's newest word", async () => {
    const selector = selectorWith(told("a", "x", 9), told("b", "x", 9), told("a", "y", 3), told("b", "y", 3));
    expect((await selector.select(nobody))?.key).toEqual(keyOf("y"));
  });

  it("forgets a peer that lied", async () => {
    const selector = selectorWith(told("a", "x", 9), told("b", "x", 9));
    selector.forget("b");
    expect(selector.told).toBe(1);
    expect(await selector.select(nobody)).toBeUndefined();
  });

  it("keeps a bounded number of heads, the newest words", () => {
    const selector = new TargetSelector(several);
    for (let i = 0; i < 1000; i++) selector.tell(told(`p${i}`, "x", 1));
    expect(selector.told).toBe(256);
  });

  it("keeps the words of peers that are here, however many came and went", async () => {
    const here = new Set(["a", "b"]);
    const selector = new TargetSelector(several, undefined, (peer) => here.has(peer));
    for (const peer of here) selector.tell(told(peer, "x", 9));
    for (let i = 0; i < 1000; i++) selector.tell(told(`gone${i}`, "y", 1));
    expect(selector.told).toBe(256);
    expect((await selector.select(nobody))?.supporters).toEqual(["a", "b"]);
  });

  it("takes no target with fewer supporters than the rules want, whatever is told in whatever order", async () => {
    const head = fc.record({
      peer: fc.constantFrom(...peers),
      name: fc.constantFrom("x", "y", "z"),
      weight: fc.nat(3),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(head, { maxLength: 20 }), fc.subarray(peers), async (heads, serve) => {
        const selector = selectorWith(...heads.map(({ peer, name, weight }) => told(peer, name, weight)));
        const target = await selector.select(async (peer) => serve.includes(peer));
        const newest = new Map(heads.map(({ peer, name }) => [peer, name]));
        if (target === undefined) {
          for (const name of newest.values()) {
            const behind = [...newest].filter(([peer, own]) => own === name || serve.includes(peer));
            expect(behind.length).toBeLessThan(several.support);
          }
          return;
        }
        expect(new Set(target.supporters).size).toBe(target.supporters.length);
        expect(target.supporters.length).toBeGreaterThanOrEqual(several.support);
        for (const peer of target.supporters) {
          const own = newest.get(peer);
          expect(own !== undefined && (serve.includes(peer) || TipsetKey.equals(keyOf(own), target.key))).toBe(true);
        }
      }),
    );
  });
});

describe("heads that are judged", () => {
  const good = (contested: boolean): HeadVerdict => ({ kind: "good", contested, checked: 1 });
  const unjudged: HeadVerdict = { kind: "unjudged", why: "no states" };
  const refuted: HeadVerdict = {
    kind: "refuted",
    error: new BlockError("block/network-without-power", { block: "b", height: 1 }),
  };
  /** Verdicts by name; what has none is not judged. */
  const judge =
    (verdicts: Record<string, HeadVerdict>, rounds: number[] = []): JudgeCandidates =>
    async (candidates) => {
      rounds.push(candidates.length);
      const named = new Map(Object.entries(verdicts).map(([name, verdict]) => [TipsetKey.key(keyOf(name)), verdict]));
      return candidates.map(({ key }) => named.get(TipsetKey.key(key)) ?? unjudged);
    };
  const heads = [told("a", "false", 9), told("b", "false", 9), told("c", "false", 9), told("d", "true", 5)];

  it("fall, and the one that stood against them is taken on one peer's word", async () => {
    const selector = selectorWith(...heads);
    const target = await selector.select(nobody, judge({ false: refuted, true: good(true) }));
    expect(target).toEqual({ key: keyOf("true"), height: 10, supporters: ["d"], judged: true });
    selector.tell(told("a", "other", 99)); // not listened to
    expect(selector.told).toBe(1);
    expect([selector.ready(false), selector.ready(true)]).toEqual([false, true]); // they have spoken
  });

  it("need as many peers as ever where nobody contradicts them", async () => {
    const selector = selectorWith(told("a", "x", 9), told("b", "y", 5), told("c", "y", 5), told("d", "y", 5));
    const verdicts = { x: good(false), y: good(false) };
    expect(await selector.select(nobody, judge(verdicts))).toMatchObject({ key: keyOf("y"), judged: true });
  });

  it("come before those that can not be judged, however heavy these are", async () => {
    const selector = selectorWith(...heads);
    expect((await selector.select(nobody, judge({ true: good(true) })))?.key).toEqual(keyOf("true"));
    expect(await selector.select(nobody, judge({}))).toMatchObject({ key: keyOf("false"), judged: false });
  });

  it("need a second peer while a rival may yet be judged", async () => {
    const selector = selectorWith(...heads);
    expect(await selector.select(nobody, judge({ true: good(false) }))).toBeUndefined();
    expect(selector.told).toBe(4); // nobody is put aside for it
    const target = await selector.select(async (peer) => peer === "a", judge({ true: good(false) }));
    expect(target).toMatchObject({ key: keyOf("true"), supporters: ["d", "a"], judged: true });
  });

  it("need no more than one peer where all that others tell is withheld", async () => {
    const selector = selectorWith(...heads);
    const withheld: HeadVerdict = { ...unjudged, withheld: true };
    const target = await selector.select(nobody, judge({ false: withheld, true: good(false) }));
    expect(target).toMatchObject({ key: keyOf("true"), supporters: ["d"], judged: true });
    expect(selector.told).toBe(1);
  });

  it("are not set aside for being withheld where there is nothing better", async () => {
    const selector = selectorWith(...heads);
    const withheld: HeadVerdict = { ...unjudged, withheld: true };
    expect(await selector.select(nobody, judge({ false: withheld }))).toMatchObject({ judged: false });
    expect(selector.told).toBe(4);
  });

  it("need a second peer before patience is spent, for who contradicts them may not have spoken", async () => {
    const selector = selectorWith(...heads);
    const verdicts = judge({ false: refuted, true: good(true) });
    expect(await selector.select(nobody, verdicts, false)).toBeUndefined();
    expect(selector.told).toBe(1);
    expect(await selector.select(nobody, verdicts, true)).toMatchObject({ key: keyOf("true"), supporters: ["d"] });
    const two = selectorWith(told("a", "x", 5), told("b", "x", 5));
    expect(await two.select(nobody, judge({ x: good(true) }), false)).toMatchObject({ supporters: ["a", "b"] });
  });

  it("are heard again after a while of those that told a false one", async () => {
    let now = 0;
    const selector = new TargetSelector(several, () => now);
    for (const head of heads) selector.tell(head);
    await selector.select(nobody, judge({ false: refuted, true: good(true) }));
    const again = told("a", "other", 9);
    for (const [minutes, heard] of [
      [0, 1],
      [59, 1],
      [61, 2],
    ] as const) {
      now = minutes * 60_000;
      selector.tell(again);
      expect(selector.told, `${minutes} min`).toBe(heard);
    }
  });

  it("are taken in the judge's order, whatever weight was told", async () => {
    const selector = selectorWith(told("liar", "under", 2n ** 60n), told("b", "top", 5), told("c", "top", 5));
    const ranked = (rank: number): HeadVerdict => ({ kind: "good", contested: false, checked: 1, rank });
    const verdicts = judge({ under: ranked(1), top: ranked(0) });
    expect(await selector.select(async () => true, verdicts)).toMatchObject({ key: keyOf("top") });
    selector.putBack(keyOf("top"));
    expect(await selector.select(async () => true, verdicts)).toMatchObject({ key: keyOf("under") });
  });

  it("that nobody can judge are not taken while others may yet be told, but where one peer's word suffices", async () => {
    const selector = selectorWith(...heads);
    expect(await selector.select(nobody, judge({}), false)).toBeUndefined();
    expect((await selector.select(nobody, judge({}), true))?.key).toEqual(keyOf("false"));
    const one = new TargetSelector({ needed: 1, support: 1 });
    one.tell(told("a", "x", 1));
    expect((await one.select(nobody, judge({}), false))?.key).toEqual(keyOf("x"));
  });

  it("that are of the stored chain come as they weigh, and make no rival of themselves", async () => {
    const held: HeadVerdict = { kind: "unjudged", why: "it is of the stored chain", held: { leaders: true } };
    const selector = selectorWith(told("a", "new", 9), told("b", "new", 9), told("c", "old", 5), told("d", "old", 5));
    expect((await selector.select(nobody, judge({ old: held })))?.key).toEqual(keyOf("new"));
    const alone = selectorWith(told("a", "new", 9), told("c", "old", 5));
    expect(await alone.select(nobody, judge({ new: good(false), old: held }))).toBeUndefined();
  });

  it("are judged again when some have fallen, before anything unjudged is taken", async () => {
    const selector = selectorWith(...heads);
    const rounds: number[] = [];
    expect(await selector.select(nobody, judge({ false: refuted }, rounds))).toBeUndefined();
    expect(rounds).toEqual([2, 1]);
    // who is left is alone with its word: it needs the leaders to hold, and nobody's support
    expect(await selector.select(nobody, judge({ true: good(false) }))).toMatchObject({ supporters: ["d"] });
  });
});
