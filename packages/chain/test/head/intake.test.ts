import { cidOf, toCid } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { Assembler, type AssemblerOptions, type Want } from "../../src/head/assembler.ts";
import { BadBlocks } from "../../src/head/bad-blocks.ts";
import { Intake } from "../../src/head/intake.ts";
import { SeenCache } from "../../src/head/seen-cache.ts";
import { linkRun } from "../../src/link/link-run.ts";
import type { LinkedTipset } from "../../src/link/link-types.ts";
import {
  type FakeTipset,
  fakeChain,
  fakeGenesis,
  fakeHeader,
  fakeRules,
  fakeTipset,
  tipsetOf,
} from "../fixtures/fake-chain.ts";

const chain = fakeChain(fakeGenesis, 20);
const at = (index: number): FakeTipset => chain[index] as FakeTipset;
const block = (index: number): Uint8Array => at(index).headers[0] as Uint8Array;
const linked = (tipset: FakeTipset): LinkedTipset =>
  linkRun({ key: tipset.key }, [tipset], fakeRules).linked[0] as LinkedTipset;
const timeOf = (height: number): number => fakeRules.genesisTime + fakeRules.blockDelay * height;

describe("Intake", () => {
  const moment = { now: timeOf(20), headHeight: 10 };
  const fresh = (maxEarly = 64): { intake: Intake; bad: BadBlocks } => {
    const bad = new BadBlocks();
    return { intake: new Intake({ rules: fakeRules, bad, maxEarly, finality: 5 }), bad };
  };

  it("gives a candidate once", () => {
    const { intake } = fresh();
    expect(intake.offerBlock(block(12), moment)).toMatchObject({ kind: "candidate", tipset: { height: 13 } });
    expect(intake.offerBlock(block(12), moment).kind).toBe("seen");
    intake.forget(at(12).key);
    expect(intake.offerBlock(block(12), moment).kind).toBe("candidate");
  });

  it("refuses what is too low or too high", () => {
    const { intake } = fresh();
    expect(intake.offerBlock(block(2), moment)).toEqual({ kind: "out-of-range", height: 3 });
    const high = fakeHeader(at(19), 26, 1);
    expect(intake.offerBlock(high, moment)).toEqual({ kind: "out-of-range", height: 26 });
  });

  it("keeps early blocks until their time, within bounds", () => {
    const { intake } = fresh(2);
    const early = [24, 22, 23].map((height) => fakeHeader(at(19), height, 1));
    expect(early.map((header, i) => intake.offerBlock(header, moment, `peer ${i}`))).toEqual([
      { kind: "early", kept: true },
      { kind: "early", kept: true },
      { kind: "early", kept: true },
    ]);
    expect(intake.nextDue).toBe(timeOf(22) - 1);
    expect(intake.due(timeOf(21))).toEqual([]);
    expect(intake.due(timeOf(24)).map(({ tipset, from }) => [tipset.height, from])).toEqual([
      [22, "peer 1"],
      [23, "peer 2"],
    ]); // 24 gave way
    expect(intake.due(timeOf(24))).toEqual([]);
    expect(intake.offerBlock(early[1] as Uint8Array, { ...moment, now: timeOf(22) }).kind).toBe("seen");
  });

  it("marks a block that breaks a rule, and its descendants, but not one whose bytes are forged", () => {
    const { intake, bad } = fresh();
    const wrong = fakeTipset(at(10), 12, [1], { winCount: 16 });
    const broken = intake.offerTipset(wrong.key, wrong.headers, moment);
    expect(broken).toMatchObject({ kind: "broken", fault: { code: "chain/win-count-out-of-range" } });
    expect(bad.reason(wrong.key)?.code).toBe("chain/win-count-out-of-range");
    const child = fakeTipset(wrong, 13, [1]);
    expect(intake.offerTipset(child.key, child.headers, moment)).toMatchObject({ kind: "bad" });
    const grandchild = fakeTipset(child, 14, [1]);
    expect(intake.offerTipset(grandchild.key, grandchild.headers, moment)).toMatchObject({
      kind: "bad",
      reason: { code: "chain/win-count-out-of-range", ancestor: wrong.key },
    });
    const forged = intake.offerTipset(at(12).key, [block(13)], moment);
    expect(forged).toMatchObject({ kind: "broken", fault: { code: "chain/hash-mismatch" } });
    expect(bad.reason(at(12).key)).toBeUndefined();
    expect(intake.offerBlock(Uint8Array.of(1, 2, 3), moment)).toMatchObject({
      kind: "broken",
      fault: { code: "chain/header-malformed" },
    });
  });

  it.each([
    ["chain/miner-repeated", 1, undefined],
    ["chain/blocks-differ", 7, 60],
  ] as const)("marks no block for what stands beside it: %s", (code, miner, power) => {
    const { intake, bad } = fresh();
    const honest = fakeHeader(at(10), 12, 1);
    // one with its ticket before the honest one's, one after: the rule names the second
    const invented = Array.from({ length: 16 }, (_, i) => fakeHeader(at(10), 12, miner, 1, `beside${i}`, power));
    const named = invented.map((header) => {
      const both = tipsetOf(at(10), 12, [honest, header], 2);
      const found = intake.offerTipset(both.key, both.headers, moment);
      expect(found).toMatchObject({ kind: "broken", fault: { code } });
      expect([honest, header].map((one) => bad.reason(cidOf(one)))).toEqual([undefined, undefined]);
      return found.kind === "broken" && (found.fault.facts as { block?: string }).block;
    });
    expect(named).toContain(toCid(cidOf(honest)).toString());
    expect(intake.offerBlock(honest, moment).kind).toBe("candidate");
  });

  it("marks the block that is wrong by itself, and not the one beside it", () => {
    const { intake, bad } = fresh();
    const honest = fakeHeader(at(10), 12, 1);
    const greedy = fakeHeader(at(10), 12, 7, 16);
    const both = tipsetOf(at(10), 12, [honest, greedy], 17);
    expect(intake.offerTipset(both.key, both.headers, moment)).toMatchObject({ kind: "broken" });
    expect(bad.reason(cidOf(greedy))?.code).toBe("chain/win-count-out-of-range");
    expect(intake.offerBlock(honest, moment).kind).toBe("candidate");
  });
});

describe("bounded caches", () => {
  it("forget the block that was asked for longest ago", () => {
    const bad = new BadBlocks(2);
    const reason = { code: "x", message: "x" };
    bad.add(at(0).key, reason);
    bad.add(at(1).key, reason);
    bad.reason(at(0).key);
    bad.add(at(2).key, reason);
    expect(bad.size).toBe(2);
    expect(bad.reason(at(1).key)).toBeUndefined();
    expect(bad.reason(at(0).key)).toBe(reason);
  });

  it("forget the oldest entry", () => {
    const seen = new SeenCache(2);
    expect([0, 1, 2, 2].map((i) => seen.add(at(i).key))).toEqual([true, true, true, false]);
    expect(seen.size).toBe(2);
    expect(seen.has(at(0).key)).toBe(false);
  });
});

describe("Assembler", () => {
  const make = (height: number, options: Partial<AssemblerOptions> = {}) => {
    const stored = new Map(chain.slice(0, height).map((tipset) => [tipset.key.toString(), linked(tipset)]));
    return {
      stored,
      assembler: new Assembler({ rules: fakeRules, stored: (key) => stored.get(key.toString()), ...options }),
    };
  };

  it("wants the missing parents of a tipset, then gives the run", () => {
    const { assembler } = make(10);
    expect(assembler.offer(linked(at(12)))).toBeUndefined();
    const [want] = assembler.wants(10);
    expect(want).toMatchObject({ kind: "tipset", target: { key: at(11).key, child: { height: 13 } } });
    expect(assembler.ready()).toEqual([]);
    expect(
      assembler.supply(want?.kind === "tipset" ? want.target : { key: at(0).key }, at(11).headers),
    ).toBeUndefined();
    expect(assembler.wants(10)).toMatchObject([{ target: { key: at(10).key } }]);
    assembler.offer(linked(at(10)));
    expect(assembler.wants(10)).toEqual([]);
    expect(assembler.ready().map((tipset) => tipset.height)).toEqual([11, 12, 13]);
    expect(assembler.size).toBe(0);
  });

  it("wants a range where much is missing", () => {
    const { assembler } = make(1);
    const far = fakeTipset(at(19), 60, [1]);
    assembler.offer(linked(far));
    expect(assembler.wants(1)).toMatchObject([{ kind: "range", from: 1, to: 60, target: { key: at(19).key } }]);
  });

  it("gives those alone that stand on what is stored, where it is asked to", () => {
    const { assembler, stored } = make(10);
    for (const index of [12, 11, 10]) assembler.offer(linked(at(index)), "peer");
    expect(assembler.ready(true).map(({ height }) => height)).toEqual([11]);
    expect(assembler.ready(true)).toEqual([]);
    expect(assembler.size).toBe(2);
    stored.set(at(10).key.toString(), linked(at(10)));
    expect(assembler.ready(true).map(({ height }) => height)).toEqual([12]);
  });

  it("holds tipsets back until their messages are here", () => {
    const { assembler, stored } = make(10, { messages: true });
    assembler.offer(linked(at(10)));
    assembler.offer(linked(at(11)));
    expect(assembler.wants(10)).toMatchObject([{ kind: "messages", tipset: { height: 11 } }]);
    expect(assembler.ready()).toEqual([]);
    assembler.messagesHeld(at(10).key);
    const [first] = assembler.ready();
    expect(first?.height).toBe(11);
    stored.set(at(10).key.toString(), first as LinkedTipset);
    expect(assembler.wants(11)).toMatchObject([{ kind: "messages", tipset: { height: 12 } }]);
  });

  it("refuses a tipset that does not follow from its parent, and drops children that do not", () => {
    const { assembler } = make(10);
    const light = fakeTipset({ ...at(9), winCount: 4 }, 12, [1]);
    expect(assembler.offer(linked(light))?.code).toBe("chain/weight-wrong");
    const child = fakeTipset({ ...at(10), winCount: 4 }, 13, [1]);
    expect(assembler.offer(linked(child))).toBeUndefined();
    expect(assembler.offer(linked(at(10)))).toBeUndefined();
    expect(assembler.ready().map((tipset) => tipset.height)).toEqual([11]);
    expect(assembler.size).toBe(0);
  });

  /** Heights of those that lack a parent. */
  const wanted = (wants: readonly Want[]) =>
    wants.map((want) => (want.kind === "tipset" ? want.target.child?.height : undefined));
  /** One that lacks its parent, which nobody has. */
  const orphan = (height: number, salt: string): LinkedTipset =>
    linked(fakeTipset(fakeTipset(at(2), height - 1, [1], { salt }), height, [1], { salt }));

  it("drops a tipset with all that wait on it, and keeps within its bound", () => {
    const { assembler } = make(10, { limit: 4 });
    for (const index of [12, 13, 14]) assembler.offer(linked(at(index)));
    expect(assembler.drop(at(13).key).map((tipset) => tipset.height)).toEqual([14, 15]);
    expect(assembler.size).toBe(1);
    for (const index of [14, 16, 18, 19]) assembler.offer(linked(at(index)));
    expect(assembler.size).toBe(4);
    expect(wanted(assembler.wants(10))).toEqual([19, 17, 15]);
  });

  it("wants in turns by who brought what lacks it, the newest first of each", () => {
    const { assembler } = make(10);
    assembler.offer(linked(at(12)), "honest"); // lacks the tipset at 12
    for (let i = 0; i < 40; i++) assembler.offer(orphan(5, `low ${i}`), "flood");
    assembler.offer(orphan(6, "last"), "flood");
    const wants = assembler.wants(10);
    expect(wants.length).toBe(16);
    expect(wanted(wants).slice(0, 3)).toEqual([13, 6, 5]);
    expect(wants.slice(0, 2)).toMatchObject([{ bringer: "honest" }, { bringer: "flood" }]);
  });

  it("gives the next turn to whoever has had fewest", () => {
    const { assembler } = make(10);
    const fetching = new Set<LinkedTipset["parents"]>();
    const next = (): Want[] => assembler.wants(10, 1, (key) => [...fetching].some((one) => equalBytes(one, key)));
    const start = (): string | undefined => {
      const [want] = next();
      if (want?.kind !== "tipset") return undefined;
      fetching.add(want.target.key);
      return want.bringer;
    };
    for (let i = 0; i < 3; i++) assembler.offer(orphan(5, `${i}`), "flood");
    expect([start(), start()]).toEqual(["flood", "flood"]);
    // blocks of one tipset, each on its own, lack the same parent: that is one turn
    for (const miner of [1, 2, 3]) assembler.offer(linked(fakeTipset(at(11), 13, [miner])), "honest");
    assembler.offer(orphan(6, "newer"), "flood");
    expect(start()).toBe("honest");
    assembler.offer(orphan(8, "honest's second"), "honest");
    assembler.offer(orphan(7, "newest"), "flood");
    expect(start()).toBe("honest");
    expect(start()).toBe("flood");
    // and nobody waits for ever where there are more bringers than wants
    const many = make(10).assembler;
    for (let i = 0; i < 20; i++) many.offer(orphan(5, `of ${i}`), `${i}`);
    const asked = [...many.wants(10), ...many.wants(10)].map((want) => want.kind === "tipset" && want.bringer);
    expect(asked.length).toBe(32);
    expect(new Set(asked).size).toBe(20);
  });

  it("makes room of what the same peer brought, and tells of it, so that it may come again", () => {
    const bad = new BadBlocks();
    const intake = new Intake({ rules: fakeRules, bad });
    const gone: LinkedTipset[] = [];
    const { assembler } = make(10, {
      limit: 30,
      limitEach: 20,
      onDropped(tipsets, fault) {
        expect(fault).toBeUndefined();
        for (const tipset of tipsets) intake.forget(tipset.key);
        gone.push(...tipsets);
      },
    });
    const moment = { now: timeOf(20), headHeight: 10 };
    const offer = (header: Uint8Array, from: string): string => {
      const found = intake.offerBlock(header, moment);
      if (found.kind === "candidate") assembler.offer(found.tipset, from);
      return found.kind;
    };
    offer(block(12), "honest");
    const invented = Array.from({ length: 60 }, (_, i) => orphan(5, `${i}`).headers[0] as Uint8Array);
    for (const header of invented) offer(header, "flood");
    expect([assembler.size, gone.length]).toEqual([21, 40]);
    // others flood, too: whoever brought most makes room
    for (let i = 60; i < 80; i++) offer(orphan(5, `${i}`).headers[0] as Uint8Array, `sybil ${i % 4}`);
    expect([assembler.size, gone.length]).toEqual([30, 51]);
    expect(assembler.drop(at(12).key).length).toBe(1);
    // what was dropped comes in again, by gossip or otherwise
    expect(offer(invented[0] as Uint8Array, "other")).toBe("candidate");
    expect(offer(invented.at(-1) as Uint8Array, "other")).toBe("seen");
    expect(gone.some(({ key }) => equalBytes(key, at(12).key))).toBe(false);
  });

  it("keeps what several brought until each has lost it, and what stands on what is gone", () => {
    const gone: number[] = [];
    const { assembler } = make(10, {
      limitEach: 1,
      onDropped: (tipsets) => void gone.push(...tipsets.map(({ height }) => height)),
    });
    assembler.offer(linked(at(12)), "a");
    assembler.offer(linked(at(12)), "b");
    assembler.offer(linked(at(13)), "c");
    assembler.offer(orphan(5, "1"), "a");
    expect([assembler.size, gone]).toEqual([3, []]);
    expect(wanted(assembler.wants(10)).sort()).toEqual([13, 5]);
    assembler.offer(orphan(6, "2"), "b");
    expect([assembler.size, gone]).toEqual([3, [13]]);
    expect(wanted(assembler.wants(10)).sort()).toEqual([14, 5, 6]); // its child lacks it now
    assembler.offer(linked(at(12)), "c");
    expect(gone).toEqual([13, 14]);
    expect(assembler.drop(at(12).key).map(({ height }) => height)).toEqual([13]);
  });

  it("tells of children that do not follow from their parent, once it is here, with what stands on them", () => {
    const told: [number[], string | undefined][] = [];
    const { assembler } = make(10, {
      onDropped: (tipsets, fault) => void told.push([tipsets.map(({ height }) => height), fault?.code]),
    });
    const child = fakeTipset({ ...at(10), winCount: 4 }, 13, [1]);
    const fine = fakeTipset(at(10), 12, [2]);
    for (const tipset of [child, fakeTipset(child, 14, [1]), fine]) assembler.offer(linked(tipset));
    expect(told).toEqual([]);
    expect(assembler.offer(linked(at(10)))).toBeUndefined();
    expect(told).toEqual([[[13, 14], "chain/weight-wrong"]]);
    expect(assembler.ready().map(({ height }) => height)).toEqual([11, 12]);
  });
});
